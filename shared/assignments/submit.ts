import { catalogKeyOf, packageDefinition } from '../domain/access-model/access-model';
import { justification } from '../domain/events/keys';
import type { Evidence, Later, Outcome, Rejected } from '../domain/workflow/outcome';
import type { Run } from '../domain/workflow/run';
import type { StepResult } from '../domain/workflow/step-outcome';
import type { Step } from '../domain/lifecycle/plan';
import type { PackageIds } from '../domain/workflow/workflow-state';
import type { LoadedModel } from '../config/load-model';
import type { AssignmentRequest } from '../graph/answers';
import {
  asOutcome,
  classify,
  emptyOn404,
  isRefusal,
  isUnlistedRefusal,
  type Conflict,
} from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import { inScope } from '../graph/permissions';
import { isOpen } from '../graph/states';
import type { Packages } from '../storage/packages';
import type { WorkerLocks } from '../storage/worker-locks';
import type { StoredGrant, Workers } from '../storage/workers';
import { writeOnce, type RememberedWrite } from '../write-once';
import { existingAccess, findOpenAdd, incompatibleAccess, preflight } from './held-access';

type Services = {
  model: () => LoadedModel;
  workers: Workers;
  workerLocks: WorkerLocks;
  packages: Packages;
  graph: Entitlements;
};

/** One package for one person, with all the ids that a request needs. */
export type AssignmentTarget = { run: Run; step: Step; targetId: string; ids: PackageIds };

/** How submitting ends: with a request to poll, or with a result that needs none. */
type Submission = Outcome<{
  requestId?: string | undefined;
  result?: StepResult | undefined;
  evidence?: Evidence | undefined;
}>;

type SubmittedRequest = AssignmentRequest & { graphRequestId?: string };

/** Another execution has done or decided what this one was to do. */
const STALE: Rejected = { kind: 'rejected', reason: 'stale' };

const notYet = (why: string): Later => ({ kind: 'later', afterSeconds: 1, why });

/** A replica of Graph may not show what was made less than this ago. */
const REPLICA_DELAY_MS = 5 * 60_000;

const isRecent = (at: string): boolean => Date.now() - Date.parse(at) < REPLICA_DELAY_MS;

/**
 * Submits the assignment request of one step, once: answers the request that this run has already, adopts one whose
 * answer was lost or that another run of ours left open, and only then sends a new one. Safe to run any number of times.
 */
export function submitRequest(services: Services, target: AssignmentTarget): Promise<Submission> {
  const catalog = catalogKeyOf(services.model().model, target.step.packageKey);
  return inScope({ catalog }, () => submitInScope(services, target));
}

async function submitInScope(services: Services, target: AssignmentTarget): Promise<Submission> {
  const grant = await loadGrant(services, target);
  if (grant?.instanceId === target.run.instanceId) {
    if (grant.state === 'requested' || grant.state === 'recording') {
      return { kind: 'done', requestId: grant.requestId };
    }
    // A run submits a step once and settles it later: this is a late execution.
    if (grant.state === 'settled') return STALE;
  }
  try {
    return await submitOnce(services, target, grant);
  } catch (error) {
    return asOutcome(() => resolveRefusal(services, target, error));
  }
}

async function submitOnce(
  services: Services,
  target: AssignmentTarget,
  earlier: StoredGrant | undefined,
): Promise<Submission> {
  const { run, targetId, ids } = target;
  let grant = earlier ?? newGrant(target);
  const save = async (changes: Partial<StoredGrant>) => {
    const saved = await saveGrant(services, target, { ...grant, ...changes });
    grant = saved ?? grant;
    return saved ? ('saved' as const) : ('conflict' as const);
  };
  const written = await writeOnce<SubmittedRequest, Submission>({
    load: () => Promise.resolve(rememberedSubmit(earlier)),
    find: async () => earlier && resolveAmbiguousSubmit(services, target, earlier),
    prepare: async () => {
      const result = await preflight(services, target);
      if (result) return { kind: 'done', result };
      const adopted = earlier && (await adoptOpenRequest(services, target, earlier));
      if (adopted) return adopted;
      // A run that has lost the worker lock comes late: another run may be submitting.
      if (!(await services.workerLocks.isHeldBy(run.fact.workerId, run.instanceId))) return STALE;
      // From here on the row names this run as the sender.
      grant = { ...newGrant(target), etag: earlier?.etag };
      return undefined;
    },
    save: ({ at, absentReads }) => save({ state: 'submitting', updatedAt: at, absentReads }),
    withdraw: () => save({ state: 'idle' }),
    create: () =>
      services.graph.submitAssignmentRequest({
        packageId: ids.accessPackageId,
        policyId: ids.assignmentPolicyId,
        userId: targetId,
        justification: correlationTag(target, run),
      }),
    keep: async (request) => request && saveRequest(services, target, grant, request),
    isRefusal,
  });
  switch (written.kind) {
    case 'done':
      return submitted(written.found);
    case 'stopped':
      return written.stop;
    case 'not-visible':
      return notYet('request-not-visible');
    case 'unclear':
      return notYet('unclear-submit');
    case 'conflict':
      return notYet('changed-meanwhile');
  }
}

/** A request id that is kept with `submitting` says that Graph has the request, and that its package is still to be bound. */
function rememberedSubmit(grant: StoredGrant | undefined): RememberedWrite | undefined {
  if (grant?.state !== 'submitting') return undefined;
  const { requestId, updatedAt: at, absentReads } = grant;
  return { state: requestId === undefined ? 'intended' : 'made', at, absentReads };
}

/**
 * The request of an earlier POST whose answer was lost. Nothing is read where there was none: Graph itself refuses a second
 * open request.
 */
async function resolveAmbiguousSubmit(
  services: Services,
  target: AssignmentTarget,
  grant: StoredGrant,
): Promise<AssignmentRequest | undefined> {
  if (grant.state !== 'submitting') return undefined;
  if (grant.requestId === undefined) return findRequest(services, target, grant, grant.updatedAt);
  const [known] = await emptyOn404(services.graph.getAssignmentRequest(grant.requestId));
  return known;
}

/** Another run of ours may have a request open. It is polled instead: not every Graph refuses a second one. */
async function adoptOpenRequest(
  services: Services,
  target: AssignmentTarget,
  grant: StoredGrant,
): Promise<Submission | undefined> {
  const { state, requestId, updatedAt } = grant;
  if (requestId === undefined || (state !== 'requested' && state !== 'recording')) return undefined;
  const [known] = await emptyOn404(services.graph.getAssignmentRequest(requestId));
  if (!known) return isRecent(updatedAt) ? notYet('request-not-visible') : undefined;
  if (!isOpen(known.requestStatus)) return undefined;
  return (await saveRequest(services, target, grant, known)) ?? submitted(known);
}

/**
 * What an error comes to: what exists in Graph decides about a refusal that says so, or that says nothing we know.
 * `unbound`: the request of ours that was refused its package.
 */
async function resolveRefusal(
  services: Services,
  target: AssignmentTarget,
  error: unknown,
  unbound?: string,
): Promise<Submission> {
  const refusal = classify(error);
  if (isUnlistedRefusal(error)) {
    const result = await incompatibleAccess(services, target);
    if (result) return { kind: 'done', result, evidence: refusal.evidence };
  }
  return refusal.kind === 'conflict'
    ? resolveConflict(services, target, refusal, unbound)
    : refusal;
}

async function resolveConflict(
  services: Services,
  target: AssignmentTarget,
  { conflict, evidence }: Conflict,
  unbound: string | undefined,
): Promise<Submission> {
  if (conflict === 'existing-grant') {
    const result = await existingAccess(services, target);
    return result
      ? { kind: 'done', result, evidence }
      : { ...notYet('assignment-not-visible'), evidence };
  }
  // Of a given id: our own request is there, and a replica did not show it.
  if (conflict === 'existing-open-request' || conflict === 'duplicate-key') {
    const grant = await loadGrant(services, target);
    const own =
      grant && !unbound && (await findRequest(services, target, target.run, grant.updatedAt));
    const request =
      (own || undefined) ??
      (await findOpenAdd(services, [target.ids.accessPackageId], target.targetId));
    if (!request || !grant) return notYet('open-request-not-visible');
    return (await saveRequest(services, target, grant, request)) ?? submitted(request);
  }
  // The replica may not have the request, or the package, yet.
  const isFresh = unbound !== undefined || (await isPackageRecent(services, target));
  if (conflict === 'not-found' && isFresh) return { ...notYet('not-yet-visible'), evidence };
  return { kind: 'failed', why: conflict, evidence };
}

/** Sees that the request has its package, and saves its id in either case. Answers how it ends if it has not. */
async function saveRequest(
  services: Services,
  target: AssignmentTarget,
  grant: StoredGrant,
  { id: requestId, packageId }: AssignmentRequest,
): Promise<Submission | undefined> {
  const { eventHash, attempt, instanceId } = target.run;
  const updatedAt = new Date().toISOString();
  const unbound = await bindPackage(services, target, { requestId, packageId });
  await saveGrant(services, target, {
    ...{ ...grant, requestId, updatedAt },
    ...(unbound ? { state: 'submitting' } : { state: 'requested', eventHash, attempt, instanceId }),
  });
  return unbound;
}

/**
 * Gives a request its package, in dialects where a request begins without one. It may be found so after a crash. A
 * request of another package is left alone. Answers how it ends if the request has no package yet.
 */
async function bindPackage(
  services: Services,
  target: AssignmentTarget,
  { requestId, packageId }: { requestId: string; packageId: string | undefined },
): Promise<Submission | undefined> {
  const { ids, step } = target;
  if (packageId === ids.accessPackageId) return undefined;
  if (packageId !== undefined) return { kind: 'failed', why: 'request-of-another-package' };
  const definition = packageDefinition(services.model().model, step.packageKey);
  if (!definition) return { kind: 'failed', why: 'package-not-in-model' };
  try {
    await services.graph.bindRequest(requestId, definition.accessPackage);
    return undefined;
  } catch (error) {
    return asOutcome(() => resolveRefusal(services, target, error, requestId));
  }
}

/**
 * The request that the run of `sender` may have sent after `since`, by its correlation tag: in whatever state if that is
 * this run, else only an open one.
 */
async function findRequest(
  { graph }: Services,
  target: AssignmentTarget,
  sender: Pick<Run, 'eventHash' | 'attempt'>,
  since: string,
): Promise<AssignmentRequest | undefined> {
  const tag = correlationTag(target, sender);
  const request = await graph.findRequest(target.ids.accessPackageId, tag, since);
  const isOwn = tag === correlationTag(target, target.run);
  return request && (isOwn || isOpen(request.requestStatus)) ? request : undefined;
}

/** What the request carries, so that it is known as ours when its answer was lost. */
const correlationTag = (
  { step }: AssignmentTarget,
  { eventHash, attempt }: Pick<Run, 'eventHash' | 'attempt'>,
): string => justification(eventHash, attempt, step.packageKey);

async function isPackageRecent(
  { packages, model }: Services,
  { step }: AssignmentTarget,
): Promise<boolean> {
  const catalog = catalogKeyOf(model().model, step.packageKey);
  const record = catalog && (await packages.load(catalog, step.packageKey));
  return Object.values((record || undefined)?.writes ?? {}).some(
    (write) => write && isRecent(write.at),
  );
}

function submitted({ id: requestId, graphRequestId }: SubmittedRequest): Submission {
  return { kind: 'done', requestId, ...(graphRequestId && { evidence: { graphRequestId } }) };
}

const newGrant = ({ run, targetId }: AssignmentTarget): StoredGrant => ({
  state: 'idle',
  eventHash: run.eventHash,
  attempt: run.attempt,
  instanceId: run.instanceId,
  targetId,
  absentReads: 0,
  updatedAt: new Date().toISOString(),
});

const loadGrant = ({ workers }: Services, { run, step }: AssignmentTarget) =>
  workers.grant(run.fact.workerId, step.packageKey);

/** Undefined if the row was changed since it was loaded. */
const saveGrant = ({ workers }: Services, { run, step }: AssignmentTarget, grant: StoredGrant) =>
  workers.saveGrant(run.fact.workerId, step.packageKey, grant);
