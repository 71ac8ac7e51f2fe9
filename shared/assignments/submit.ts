import { catalogKeyOf, type AccessModel } from '../domain/access-model/access-model';
import { durationDays } from '../domain/lifecycle/planner';
import type { Rejected } from '../domain/workflow/outcome';
import type { AssignmentRequest } from '../graph/answers';
import { emptyOn404, isRefusal } from '../graph/errors';
import { inScope } from '../graph/permissions';
import { isOpen } from '../graph/states';
import type { StoredHolding } from '../storage/holdings';
import { lockOf, personOf } from '../storage/worker-locks';
import { writeOnce, type RememberedWrite } from '../write-once';
import { resolveRefusal, saveRequest } from './refusals';
import {
  findRequest,
  idsOf,
  isRecent,
  newHolding,
  notYet,
  saveUnderLock,
  submitted,
  tagOf,
  type RequestTarget,
  type Submission,
  type SubmittedRequest,
  type SubmitServices,
} from './request';

/** Another execution has done or decided what this one was to do. */
const STALE: Rejected = { kind: 'rejected', reason: 'stale' };

/**
 * `submitRequest`, and releases the lock `releases` once there is a request: executed again, this run finds that without a
 * lock. After any other answer the caller releases it.
 */
export async function submitAndRelease(
  services: SubmitServices,
  target: RequestTarget,
): Promise<Submission> {
  const { releases } = target;
  const submission = await submitRequest(services, target);
  if (submission.kind !== 'done' || submission.requestId === undefined) return submission;
  if (releases === undefined || submission.isReleased) return submission;
  await services.workerLocks.release(lockOf(target.run, releases));
  return { ...submission, isReleased: true };
}

/**
 * Makes the request of one step, once, whatever it is for: answers the request that this run has already, adopts one whose
 * answer was lost or that another run of ours left open, and only then sends a new one. Safe to run any number of times.
 */
function submitRequest(services: SubmitServices, target: RequestTarget): Promise<Submission> {
  const catalog = catalogKeyOf(services.model().model, target.step.packageKey);
  return inScope({ catalog }, () => submitInScope(services, target));
}

/** Without it another run may be submitting. This one was executed again after its release: it plans again, or it is late. */
const isLockHeld = ({ workerLocks }: SubmitServices, { run }: RequestTarget): Promise<boolean> =>
  workerLocks.isHeldBy(personOf(run), run.instanceId);

async function submitInScope(services: SubmitServices, target: RequestTarget): Promise<Submission> {
  const { run, step } = target;
  const isOwn = (one: StoredHolding | undefined) =>
    one?.instanceId === run.instanceId && one.action === step.action;
  const recalled = await services.holdings.recall(step);
  // What another process has done meanwhile shows at the first write, unless there is none.
  const holding = isOwn(recalled) ? await services.holdings.load(step) : recalled;
  if (holding && isOwn(holding)) {
    // A run submits a step once and settles it later: this is a late execution.
    if (holding.outcome !== undefined) return STALE;
    if (holding.state === 'requested' || holding.state === 'recording') {
      return { kind: 'done', requestId: holding.requestId };
    }
  } else if (holding && !(await isLockHeld(services, target))) return notYet('lock-lost');
  try {
    return await submitOnce(services, target, holding);
  } catch (error) {
    return resolveRefusal(services, target, error);
  }
}

async function submitOnce(
  services: SubmitServices,
  target: RequestTarget,
  earlier: StoredHolding | undefined,
): Promise<Submission> {
  let holding = earlier ?? newHolding(target, undefined);
  const lock = { isLost: false };
  const save = async (changes: Partial<StoredHolding>) => {
    const saved = await saveUnderLock(services, target, { ...holding, ...changes });
    lock.isLost = saved === 'lost';
    if (typeof saved === 'string') return 'conflict' as const;
    holding = saved;
    return 'saved' as const;
  };
  const written = await writeOnce<SubmittedRequest, Submission>({
    load: () => Promise.resolve(rememberedSubmit(earlier)),
    find: async () => earlier && resolveAmbiguousSubmit(services, target, earlier),
    prepare: async () => {
      const adopted = earlier && (await adoptOpenRequest(services, target, earlier));
      if (adopted) return adopted;
      // From here on the row names this run as the sender.
      holding = newHolding(target, earlier);
      return undefined;
    },
    save: ({ at, absentReads }) => save({ state: 'submitting', updatedAt: at, absentReads }),
    withdraw: () => save(withdrawn(earlier)),
    create: () => create(services, target),
    keep: async (request) => request && saveRequest(services, target, holding, request),
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
      return notYet(lock.isLost ? 'lock-lost' : 'changed-meanwhile');
  }
}

/** The POST of each action. A reprocess makes no request of its own: it has the failed one carried out again. */
async function create(
  { graph, model }: SubmitServices,
  target: RequestTarget,
): Promise<SubmittedRequest | undefined> {
  const { step, policy } = target;
  const { assignmentId = '', requestId = '' } = step;
  const tag = tagOf(newHolding(target, undefined));
  switch (step.action) {
    case 'revoke':
      return graph.submitRemoval({ assignmentId, justification: tag });
    case 'extend':
      return graph.submitUpdate({
        ...{ assignmentId, justification: tag },
        until: step.until ?? longestEnd(model().model, step.packageKey) ?? null,
      });
    case 'reprocess':
      await graph.reprocessRequest(requestId);
      return { ...(await graph.getAssignmentRequest(requestId)), id: requestId };
    default: {
      const { accessPackageId: packageId, assignmentPolicyId: policyId } = idsOf(step);
      // Where the policy forbids an end of its own, the access is taken back at that time.
      const until = policy?.schedule === 'forbidden' ? undefined : step.until;
      return graph.submitAssignmentRequest({
        ...{ packageId, policyId, userId: step.targetId, justification: tag },
        ...(until !== undefined && { until }),
      });
    }
  }
}

/** Where the policy lets no assignment last longer than so many days, an end can only be moved, not taken off. */
function longestEnd(model: AccessModel, packageKey: string): string | undefined {
  const days = durationDays(model, packageKey);
  return days === undefined ? undefined : new Date(Date.now() + days * 86_400_000).toISOString();
}

/** A request id that is kept with `submitting` says that Graph has the request, and that its package is still to be bound. */
function rememberedSubmit(holding: StoredHolding | undefined): RememberedWrite | undefined {
  if (holding?.state !== 'submitting') return undefined;
  const { requestId, updatedAt: at, absentReads } = holding;
  const isMade = requestId !== undefined && holding.action === 'grant';
  return { state: isMade ? 'made' : 'intended', at, absentReads };
}

/**
 * The request of an earlier POST whose answer was lost. Nothing is read where there was none: Graph itself refuses a second
 * open request.
 */
async function resolveAmbiguousSubmit(
  services: SubmitServices,
  target: RequestTarget,
  holding: StoredHolding,
): Promise<AssignmentRequest | undefined> {
  const { state, requestId, action } = holding;
  if (state !== 'submitting') return undefined;
  if (requestId === undefined) return findRequest(services, target, holding);
  const [known] = await emptyOn404(services.graph.getAssignmentRequest(requestId));
  const isUntouched = known?.requestStatus === 'failed' || known?.requestStatus === 'partial';
  return action === 'reprocess' && isUntouched ? undefined : known;
}

/** Another run of ours may have a request open. It is polled instead: not every Graph refuses a second one. */
async function adoptOpenRequest(
  services: SubmitServices,
  target: RequestTarget,
  holding: StoredHolding,
): Promise<Submission | undefined> {
  const { state, requestId, updatedAt, action } = holding;
  if (requestId === undefined || (state !== 'requested' && state !== 'recording')) return undefined;
  if (action !== target.step.action) return undefined;
  const [known] = await emptyOn404(services.graph.getAssignmentRequest(requestId));
  if (!known) return isRecent(updatedAt) ? notYet('request-not-visible') : undefined;
  if (!isOpen(known.requestStatus)) return undefined;
  return saveRequest(services, target, holding, known);
}

/** After a refusal: what was held before is held still. */
const withdrawn = (earlier: StoredHolding | undefined): Partial<StoredHolding> =>
  earlier?.state === 'held'
    ? { state: 'held', whose: earlier.whose, assignmentId: earlier.assignmentId }
    : { state: 'idle' };
