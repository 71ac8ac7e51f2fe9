import type { z } from 'zod';
import { justification } from '../domain/events/keys';
import type { activities, Answer } from '../domain/workflow/activities';
import { marginOf, stepColumns, type AuditWriter } from '../events/audit-context';
import { catalogKeyOf } from '../domain/access-model/access-model';
import type { Entitlements } from '../graph/entitlements';
import { inScope } from '../graph/permissions';
import type { Holding, Holdings, StoredHolding } from '../storage/holdings';
import type { Packages } from '../storage/packages';
import { writeOnce, type RememberedWrite } from '../write-once';
import type { Failed, Later, Outcome } from '../domain/workflow/outcome';
import { StepOutcome, wentToApprover } from '../domain/workflow/step-outcome';
import { asOutcome, classify, isRefusal, isUnlistedRefusal } from '../graph/errors';
import { mayBeBehind } from './access-of-package';
import { incompatibleAccess } from './held-access';
import { idsOf } from './request';

type Services = AuditWriter & {
  holdings: Holdings;
  packages: Packages;
  graph: Entitlements;
  config: { graph: { lagSeconds: number } };
};
type Settlement = z.infer<typeof activities.settleStep.input>;

/**
 * Ends a step: confirms the access, or its absence, that the settled row is to state, writes the row, and settles the
 * holding. Answers `later` while Graph does not show it; nothing is written then.
 */
export async function settleStep(
  services: Services,
  settlement: Settlement,
): Promise<Answer<{ outcome: StepOutcome; deliveredAt?: string | undefined }>> {
  const { result, chain, at, operation, step } = settlement;
  const catalog = catalogKeyOf(services.model().model, step.packageKey);
  const deliveredAt = DONE.includes(result.outcome) ? (settlement.completedAt ?? at) : undefined;
  const confirmed = await inScope({ catalog }, () => confirm(services, settlement, deliveredAt));
  if (confirmed.kind !== 'done') return { outcome: confirmed };
  const isForbidden = step.until !== undefined && settlement.policy?.schedule === 'forbidden';
  const entry = {
    ...stepColumns(services, settlement),
    kind: 'settled',
    step: operation,
    outcome: result.outcome,
    reason: result.reason ?? confirmed.reason ?? (isForbidden ? 'schedule-forbidden' : undefined),
    ...(isForbidden && { until: undefined }),
    ...{ assignmentRequestId: step.requestId, deliveredAt },
    assignmentId: confirmed.assignmentId ?? step.assignmentId,
    ...{ submittedAt: settlement.submittedAt, graphState: settlement.graphState },
    ...settlement.evidence,
    ...marginOf(step, deliveredAt),
    ...(operation === 'assign' && approvalOf(settlement)),
  } as const;
  const { row, chain: end } = await services.ledger.append(chain, entry, at);
  const { assignmentId } = row;
  const seen = { ...(assignmentId && { assignmentId }), until: confirmed.until };
  if (operation !== 'plan') await settleHolding(services, settlement, seen);
  // A row that an earlier execution wrote may state that the package is complete: the step still ends as decided.
  const outcome = StepOutcome.safeParse(row.outcome).data ?? result.outcome;
  return { chain: end, outcome: { kind: 'done', outcome, deliveredAt: row.deliveredAt } };
}

/** Graph has carried out a request of these. */
const DONE: readonly StepOutcome[] = ['delivered', 'extended', 'revoked'];

/** An application cannot read who approved, nor whether a setting of the tenant lets its requests pass. */
function approvalOf({ result, sawApproval, policy }: Settlement) {
  const waited = sawApproval || wentToApprover(result);
  if (waited) return { policyApproval: 'required', approver: 'not-readable' as const };
  const isBypassed = policy?.approval === 'required' && result.outcome === 'delivered';
  return { policyApproval: isBypassed ? 'bypassed:never-waited' : policy?.approval };
}

type Confirmed = Outcome<{
  assignmentId?: string | undefined;
  until?: string | undefined;
  reason?: string;
}>;

/** What a row calls delivered or held must be an active assignment; what it calls revoked must be gone. */
async function confirm(
  services: Services,
  settlement: Settlement,
  deliveredAt: string | undefined,
): Promise<Confirmed> {
  const { step, result, operation } = settlement;
  const { outcome } = result;
  if (outcome === 'revoked' || (outcome === 'waited' && step.waitsFor === 'removal'))
    return asOutcome(() => confirmAbsence(services, settlement));
  if (outcome === 'waited') return asOutcome(() => confirmStandstill(services, settlement));
  const isSeen = operation === 'plan' && step.action !== 'wait';
  const gives = ['delivered', 'extended', 'already-held'].includes(outcome);
  if (!gives || isSeen) return { kind: 'done' };
  return asOutcome(() => confirmAccess(services, settlement, deliveredAt));
}

async function confirmAbsence(services: Services, { step }: Settlement): Promise<Confirmed> {
  const held = await assignmentsOf(services, step);
  const isThere = held.some(
    ({ id }) => step.assignmentId === undefined || id === step.assignmentId,
  );
  return isThere ? later('assignment-still-visible') : { kind: 'done' };
}

/**
 * Of an assignment that a request delivers nothing is decided before it is there, or has failed. A replica that does not
 * show it may be behind the end of the request.
 */
async function confirmStandstill(
  services: Services,
  { step, completedAt }: Settlement,
): Promise<Confirmed> {
  const lag = { readAt: Date.now(), lagSeconds: services.config.graph.lagSeconds };
  const held = await assignmentsOf(services, step);
  const isMoving = held.some(({ status }) => status === 'delivering' || status === 'unknown');
  const isMissing = held.length === 0 && mayBeBehind(lag, completedAt);
  return isMoving || isMissing ? later('assignment-not-visible') : { kind: 'done' };
}

/**
 * The access that the answer showed which told of its delivery. Such an answer shows no end, so that counts only where the
 * policy sets none: then the access ends as the request said.
 */
function shownAccess(
  { model }: Pick<Services, 'model'>,
  { isAssigned, step, result, policy }: Settlement,
): Confirmed | undefined {
  const isNew = step.action === 'grant' && result.outcome === 'delivered';
  if (isAssigned !== true || !isNew || step.assignmentId === undefined) return undefined;
  const accessPackage = model().model.accessPackages.find(({ key }) => key === step.packageKey);
  if (accessPackage?.policy?.expiration.type !== 'noExpiration') return undefined;
  const until = policy?.schedule === 'forbidden' ? undefined : step.until;
  return { kind: 'done', assignmentId: step.assignmentId, until };
}

/** One that was delivered (at `deliveredAt`) and is not visible is recorded first, where Graph leaves that to the client. */
async function confirmAccess(
  services: Services,
  settlement: Settlement,
  deliveredAt: string | undefined,
): Promise<Confirmed> {
  const { run, step } = settlement;
  const shown = shownAccess(services, settlement);
  if (shown) return shown;
  const held = await assignmentsOf(services, step);
  const active = held.find(({ status }) => status === 'delivered');
  if (active) return { kind: 'done', assignmentId: active.id, until: active.until };
  const holding = await services.holdings.load(step);
  // A later event of the person has taken it away meanwhile.
  const isOther = holding !== undefined && holding.instanceId !== run.instanceId;
  if (isOther && holding.action === 'revoke') return { kind: 'done', reason: 'revoked-since' };
  const isRecorded = deliveredAt !== undefined && step.action === 'grant';
  if (!isRecorded || isOther || !holding) return later('assignment-not-visible');
  try {
    await recordAssignment(services, settlement, holding, deliveredAt);
    return later('assignment-not-visible');
  } catch (error) {
    return refusedRecord(services, settlement, error);
  }
}

/** A refusal that says nothing we know may be about a package that the person holds or has requested meanwhile. */
async function refusedRecord(
  services: Services,
  settlement: Settlement,
  error: unknown,
): Promise<Failed> {
  const found = isUnlistedRefusal(error) && (await incompatibleAccess(services, settlement));
  if (!found) throw error;
  const { outcome: why, reason: about } = found;
  return { kind: 'failed', why, about, evidence: classify(error).evidence };
}

const later = (why: string): Later => ({ kind: 'later', afterSeconds: 1, why });

async function assignmentsOf(
  { graph }: Services,
  { targetId, ids: { accessPackageId = '' } }: Settlement['step'],
) {
  const all = await graph.assignmentsOf(targetId, [accessPackageId]);
  return all.filter(({ packageId }) => packageId === accessPackageId);
}

/**
 * Records an assignment, once, that was just looked for and not found. Does nothing where Graph makes assignments itself.
 * The next execution looks for what was recorded. Throws `GraphError`.
 */
async function recordAssignment(
  { graph, holdings }: Services,
  { step }: Settlement,
  stored: StoredHolding,
  from: string,
): Promise<void> {
  if (stored.state !== 'requested' && stored.state !== 'recording') return;
  let holding = stored;
  const save = async (changes: Partial<Holding>) => {
    const saved = await holdings.save({ ...holding, ...changes });
    holding = saved ?? holding;
    return saved ? ('saved' as const) : ('conflict' as const);
  };
  const tag = justification(stored.eventHash, stored.attempt, step.packageKey);
  const { accessPackageId: packageId, assignmentPolicyId: policyId, catalogId } = idsOf(step);
  const ids = { packageId, catalogId, policyId, userId: step.targetId };
  const until = step.until === undefined ? {} : { until: step.until };
  let post: Awaited<ReturnType<typeof graph.prepareAssignment>>;
  try {
    await writeOnce({
      load: () => Promise.resolve(rememberedRecord(stored)),
      find: async (earlier) => earlier && graph.findOwnAssignment(tag),
      prepare: async () => {
        post = await graph.prepareAssignment({ ...ids, ...until, from, justification: tag });
        return post ? undefined : ('made-by-graph' as const);
      },
      save: ({ absentReads }) => save({ state: 'recording', absentReads, assignmentId: undefined }),
      withdraw: () => save({ state: 'requested' }),
      create: async () => post?.(),
      keep: async (recorded) => {
        await save({ assignmentId: recorded?.id });
        return undefined;
      },
      isRefusal: (error) => isRefusal(error) && !isRecorded(error),
    });
  } catch (error) {
    if (!isRecorded(error)) throw error;
  }
}

/** An assignment whose id is kept is only not visible yet. */
function rememberedRecord(holding: StoredHolding): RememberedWrite | undefined {
  const { state, assignmentId, absentReads, updatedAt: at } = holding;
  if (state !== 'recording') return undefined;
  return { state: assignmentId === undefined ? 'intended' : 'made', at, absentReads };
}

/** The assignment was recorded meanwhile, and the next execution will see it. */
function isRecorded(error: unknown): boolean {
  const refusal = classify(error);
  if (refusal.kind !== 'conflict') return false;
  return refusal.conflict === 'existing-grant' || refusal.conflict === 'duplicate-key';
}

/** A request that is still open, or whose end is not known, stays in the row: the next plan of the person reads it. */
async function settleHolding(
  { holdings }: Pick<Services, 'holdings'>,
  settlement: Settlement,
  seen: Partial<Holding>,
): Promise<void> {
  const { run, step, result } = settlement;
  const { outcome } = result;
  const isOpen = (one: StoredHolding | undefined): one is StoredHolding =>
    one?.instanceId === run.instanceId && one.action === step.action && one.outcome === undefined;
  const recalled = await holdings.recall(step);
  const holding = isOpen(recalled) ? recalled : await holdings.load(step);
  if (!isOpen(holding)) return;
  const wasRequested = holding.state === 'requested' || holding.state === 'recording';
  const ended: Holding['state'] = step.action === 'grant' ? 'idle' : 'held';
  const isGiven = outcome === 'delivered' || outcome === 'extended' || outcome === 'already-held';
  let { state } = holding;
  if (outcome === 'revoked') state = 'gone';
  else if (wasRequested && isGiven) state = 'held';
  else if (wasRequested && (outcome === 'denied' || outcome === 'failed')) state = ended;
  const saved = await holdings.save({
    ...{ ...holding, state, outcome, updatedAt: new Date().toISOString() },
    ...(wasRequested && seen),
  });
  // What was recalled was outdated: the row is read, and may be another run's by now.
  if (!saved && holding === recalled) await settleHolding({ holdings }, settlement, seen);
}
