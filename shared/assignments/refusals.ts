import { catalogKeyOf, packageDefinition } from '../domain/access-model/access-model';
import { isOurs } from '../domain/events/keys';
import type { AssignmentRequest } from '../graph/answers';
import { asOutcome, classify, isUnlistedRefusal, type Conflict } from '../graph/errors';
import type { StoredHolding } from '../storage/holdings';
import { personOf } from '../storage/worker-locks';
import { mayBeBehind } from './access-of-package';
import { existingAccess, incompatibleAccess, isAdd } from './held-access';
import {
  findRequest,
  idsOf,
  isRecent,
  newHolding,
  notYet,
  saveUnderLock,
  submitted,
  type RequestTarget,
  type Submission,
  type SubmittedRequest,
  type SubmitServices,
} from './request';

/**
 * What the error of a request comes to: what exists in Graph decides about a refusal that says so, or that says nothing we
 * know. `unbound`: the request of ours that was refused its package.
 */
export function resolveRefusal(
  services: SubmitServices,
  target: RequestTarget,
  error: unknown,
  unbound?: string,
): Promise<Submission> {
  return asOutcome(async () => {
    const refusal = classify(error);
    if (target.step.action === 'grant' && isUnlistedRefusal(error)) {
      const result = await incompatibleAccess(services, target);
      if (result) return { kind: 'done', result, evidence: refusal.evidence };
    }
    if (refusal.kind !== 'conflict') return refusal;
    return target.step.action === 'grant'
      ? resolveGrant(services, target, refusal, unbound)
      : resolveChange(services, target, refusal);
  });
}

async function resolveGrant(
  services: SubmitServices,
  target: RequestTarget,
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
    const holding = await services.holdings.load(target.step);
    const own =
      holding && !unbound && (await findRequest(services, target, ownTag(target, holding)));
    const request = (own || undefined) ?? (await findOpen(services, target, isAdd));
    if (!request || !holding) return notYet('open-request-not-visible');
    // Only its tag makes another request ours, and a person may request without a word.
    const known: StoredHolding = own ? holding : { ...holding, whose: 'theirs' };
    return saveRequest(services, target, known, request);
  }
  // The replica may not have the request, or the package, yet.
  const isFresh = unbound !== undefined || (await isPackageRecent(services, target));
  if (conflict === 'not-found' && isFresh) return { ...notYet('not-yet-visible'), evidence };
  return { kind: 'failed', why: conflict, evidence };
}

/** The row with this run as the sender, whoever the row names. */
const ownTag = (target: RequestTarget, { updatedAt }: { updatedAt: string }) => ({
  ...newHolding(target, undefined),
  updatedAt,
});

/**
 * A removal of what is gone is done once its absence is confirmed: no sooner than every replica must show what the plan saw.
 * An open request of the same kind is followed.
 */
async function resolveChange(
  services: SubmitServices,
  target: RequestTarget,
  { conflict, evidence }: Conflict,
): Promise<Submission> {
  const { step } = target;
  if (conflict === 'existing-open-request') {
    const isSame = step.action === 'revoke' ? isRemoval : isUpdate;
    const holding = await services.holdings.load(step);
    const request = await findOpen(services, target, isSame);
    if (!request || !holding) return { ...notYet('open-request-not-visible'), evidence };
    return saveRequest(services, target, holding, request);
  }
  if (conflict !== 'no-active-grant' && conflict !== 'not-found')
    return { kind: 'failed', why: conflict, evidence };
  const lag = { readAt: Date.now(), lagSeconds: services.config.graph.lagSeconds };
  if (mayBeBehind(lag, step.plannedAt)) return { ...notYet('assignment-not-visible'), evidence };
  if (step.action !== 'revoke') return { kind: 'failed', why: conflict, evidence };
  const held = await services.graph.assignmentsOf(step.targetId, [step.ids.accessPackageId ?? '']);
  const isThere = held.some(({ id }) => id === step.assignmentId);
  if (isThere) return { ...notYet('assignment-still-visible'), evidence };
  return { kind: 'done', result: { outcome: 'revoked', reason: 'was-gone' }, evidence };
}

/** An open request of the person for this package, whoever made it and when. */
function findOpen(
  { graph }: SubmitServices,
  { step }: RequestTarget,
  isSame: (request: AssignmentRequest) => boolean,
): Promise<AssignmentRequest | undefined> {
  const { accessPackageId = '' } = step.ids;
  return graph.findOpenRequest(
    [accessPackageId],
    (one) => isSame(one) && one.userId === step.targetId && one.packageId === accessPackageId,
  );
}

const isRemoval = ({ requestType = '' }: AssignmentRequest): boolean =>
  /remove$/i.test(requestType);
const isUpdate = ({ requestType = '' }: AssignmentRequest): boolean => /update$/i.test(requestType);

/**
 * Gives a request its package, in dialects where a request begins without one. It may be found so after a crash. A
 * request of another package is left alone. Answers how it ends if the request has no package yet.
 */
export async function bindPackage(
  services: SubmitServices,
  target: RequestTarget,
  { requestId, packageId }: { requestId: string; packageId: string | undefined },
): Promise<Submission | undefined> {
  const { step } = target;
  if (packageId === idsOf(step).accessPackageId) return undefined;
  if (packageId !== undefined) return { kind: 'failed', why: 'request-of-another-package' };
  const definition = packageDefinition(services.model().model, step.packageKey);
  if (!definition) return { kind: 'failed', why: 'package-not-in-model' };
  try {
    await services.graph.bindRequest(requestId, definition.accessPackage);
    return undefined;
  } catch (error) {
    return resolveRefusal(services, target, error, requestId);
  }
}

async function isPackageRecent(
  { packages, model }: SubmitServices,
  { step }: RequestTarget,
): Promise<boolean> {
  const catalog = catalogKeyOf(model().model, step.packageKey);
  const record = catalog && (await packages.load(catalog, step.packageKey));
  return Object.values((record || undefined)?.writes ?? {}).some(
    (write) => write && isRecent(write.at),
  );
}

/**
 * Sees that a grant has its package, and saves the id of the request in any case; with the request, the lock may be released.
 * Answers how it ends if the grant has no package.
 */
export async function saveRequest(
  services: SubmitServices,
  target: RequestTarget,
  holding: StoredHolding,
  request: SubmittedRequest,
): Promise<Submission> {
  const { run, step, releases } = target;
  const { eventHash, attempt, instanceId } = run;
  const { id: requestId, packageId, justification } = request;
  const isGrant = step.action === 'grant';
  const unbound = isGrant
    ? await bindPackage(services, target, { requestId, packageId })
    : undefined;
  const kept: StoredHolding = {
    ...{ ...holding, requestId, updatedAt: new Date().toISOString(), outcome: undefined },
    ...(isGrant &&
      justification !== undefined && { whose: isOurs(justification) ? 'ours' : 'theirs' }),
    ...(unbound ? { state: 'submitting' } : { state: 'requested', eventHash, attempt, instanceId }),
  };
  if (unbound === undefined && releases !== undefined) {
    const saved = await saveUnderLock(services, target, kept, releases);
    const isReleased = kept.personId === personOf(run);
    if (typeof saved !== 'string')
      return { ...submitted(request), ...(isReleased && { isReleased }) };
    if (saved === 'conflict') return submitted(request);
  }
  // Whoever has the lock by now: the request is there, and the row is to name it.
  await services.holdings.save(kept);
  return unbound ?? submitted(request);
}
