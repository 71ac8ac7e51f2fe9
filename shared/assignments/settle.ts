import type { z } from 'zod';
import { justification } from '../domain/events/keys';
import type { activities, Answer } from '../domain/workflow/activities';
import type { PackageIds } from '../domain/workflow/workflow-state';
import {
  marginOf,
  stepColumns,
  type AuditContext,
  type AuditWriter,
} from '../events/audit-context';
import { catalogKeyOf } from '../domain/access-model/access-model';
import type { Entitlements } from '../graph/entitlements';
import { inScope } from '../graph/permissions';
import type { Packages } from '../storage/packages';
import type { Grant, StoredGrant, Workers } from '../storage/workers';
import { writeOnce, type RememberedWrite } from '../write-once';
import { incompatibleAccess } from './held-access';
import type { Evidence, Failed, Later, Outcome } from '../domain/workflow/outcome';
import { StepOutcome, wentToApprover, type RequestStatus } from '../domain/workflow/step-outcome';
import {
  asOutcome,
  classify,
  isForbiddenObject,
  isRefusal,
  isUnlistedRefusal,
} from '../graph/errors';
import type { LoadedModel } from '../config/load-model';

type Reading = {
  requestStatus: RequestStatus;
  graphState: string;
  completedAt?: string | undefined;
  /** The refusal behind an unreadable request. */
  evidence?: Evidence | undefined;
};

/** Reads the state of each open request, in their order. Ends with the first read that has to wait. */
export async function pollRequests(
  { graph, model }: { graph: Entitlements; model: () => LoadedModel },
  requests: readonly { requestId: string; packageKey: string }[],
): Promise<Outcome<{ readings: Reading[] }>> {
  const readings: Reading[] = [];
  for (const { requestId, packageKey } of requests) {
    const catalog = catalogKeyOf(model().model, packageKey);
    const reading = await inScope({ catalog }, () => readRequest(graph, requestId));
    if ('kind' in reading) return reading;
    readings.push(reading);
  }
  return { kind: 'done', readings };
}

async function readRequest(graph: Entitlements, id: string): Promise<Reading | Later> {
  try {
    const {
      requestStatus,
      state = 'unknown',
      completedDateTime,
    } = await graph.getAssignmentRequest(id);
    return { requestStatus, graphState: state, completedAt: completedDateTime };
  } catch (error) {
    const classified = classify(error);
    const { evidence } = classified;
    // A replica may not have it yet. A request that stays unknown ends like one in an unknown state, and the others of its
    // event are read on.
    if (classified.kind === 'later')
      return isForbiddenObject(error)
        ? { requestStatus: 'unknown', graphState: classified.why, evidence }
        : classified;
    return classified.kind === 'conflict'
      ? { requestStatus: 'unknown', graphState: classified.conflict, evidence }
      : { requestStatus: 'unreadable', graphState: classified.why, evidence };
  }
}

type Services = AuditWriter & { workers: Workers; packages: Packages; graph: Entitlements };
type Settlement = z.infer<typeof activities.settleStep.input>;

/**
 * Ends a step: confirms the access that the settled row is to state, writes the row, and settles the grant. Answers
 * `later` while the access is not visible; nothing is written then.
 */
export async function settleStep(
  services: Services,
  settlement: Settlement,
): Promise<Answer<{ outcome: StepOutcome; deliveredAt?: string | undefined }>> {
  const { result, chain, at, operation, requestId, submittedAt, graphState, evidence } = settlement;
  const deliveredAt = result.outcome === 'delivered' ? (settlement.completedAt ?? at) : undefined;
  const catalog = catalogKeyOf(services.model().model, settlement.step.packageKey);
  const confirmed = await inScope({ catalog }, () =>
    confirmAccess(services, settlement, result.outcome, deliveredAt),
  );
  if (confirmed.kind !== 'done') return { outcome: confirmed };
  const entry = {
    ...stepColumns(services, settlement),
    kind: 'settled',
    step: operation,
    outcome: result.outcome,
    reason: result.reason,
    ...{ assignmentRequestId: requestId, assignmentId: confirmed.assignmentId },
    ...{ submittedAt, graphState, deliveredAt, ...evidence },
    ...(deliveredAt && { marginMinutes: marginOf(settlement.run.fact.dueAt, deliveredAt) }),
    ...(wentToApprover(result) && { policyApproval: 'required' as const }),
  } as const;
  const { row, chain: end } = await services.ledger.append(chain, entry, at);
  await settleGrant(services, settlement, row);
  // A row that an earlier execution wrote may state that the package is complete: the step still ends as decided.
  const outcome = StepOutcome.safeParse(row.outcome).data ?? result.outcome;
  return { chain: end, outcome: { kind: 'done', outcome, deliveredAt: row.deliveredAt } };
}

/**
 * Access that a row calls delivered or held must be visible as an active assignment. One that was delivered (at
 * `deliveredAt`) and is not visible is recorded first, where Graph leaves that to the client.
 */
async function confirmAccess(
  services: Services,
  context: AuditContext,
  outcome: StepOutcome,
  deliveredAt: string | undefined,
): Promise<Outcome<{ assignmentId?: string | undefined }>> {
  const { ids, targetId } = context;
  if (!ids || (outcome !== 'delivered' && outcome !== 'already-held')) return { kind: 'done' };
  return asOutcome(async () => {
    const assignments = await services.graph.findAssignments(ids.accessPackageId, targetId);
    const active = assignments.find(({ assignmentStatus }) => assignmentStatus === 'delivered');
    if (active) return { kind: 'done', assignmentId: active.id };
    if (deliveredAt === undefined) return NOT_VISIBLE;
    try {
      await recordAssignment(services, context, ids, deliveredAt);
      return NOT_VISIBLE;
    } catch (error) {
      return refusedRecord(services, { ...context, ids }, error);
    }
  });
}

/** A refusal that says nothing we know may be about a package that the person holds or has requested meanwhile. */
async function refusedRecord(
  services: Services,
  target: AuditContext & { ids: PackageIds },
  error: unknown,
): Promise<Failed> {
  const found = isUnlistedRefusal(error) && (await incompatibleAccess(services, target));
  if (!found) throw error;
  const { outcome: why, reason: about } = found;
  return { kind: 'failed', why, about, evidence: classify(error).evidence };
}

const NOT_VISIBLE: Later = { kind: 'later', afterSeconds: 1, why: 'assignment-not-visible' };

/**
 * Records an assignment, once, that was just looked for and not found. Does nothing where Graph makes assignments itself,
 * nor for a grant of another run. The next execution looks for what was recorded. Throws `GraphError`.
 */
async function recordAssignment(
  { graph, workers }: Services,
  { run, step, targetId }: AuditContext,
  { accessPackageId: packageId, catalogId, assignmentPolicyId: policyId }: PackageIds,
  from: string,
): Promise<void> {
  const stored = await workers.grant(run.fact.workerId, step.packageKey);
  if (stored?.instanceId !== run.instanceId) return;
  if (stored.state !== 'requested' && stored.state !== 'recording') return;
  let grant = stored;
  const save = async (changes: Partial<Grant>) => {
    const changed = { ...grant, ...changes };
    const saved = await workers.saveGrant(run.fact.workerId, step.packageKey, changed);
    grant = saved ?? grant;
    return saved ? ('saved' as const) : ('conflict' as const);
  };
  const tag = justification(stored.eventHash, stored.attempt, step.packageKey);
  const ids = { packageId, catalogId, policyId, userId: targetId };
  let post: Awaited<ReturnType<typeof graph.prepareAssignment>>;
  try {
    await writeOnce({
      load: () => Promise.resolve(rememberedRecord(stored)),
      find: async (earlier) => earlier && graph.findOwnAssignment(tag),
      prepare: async () => {
        post = await graph.prepareAssignment({ ...ids, from, justification: tag });
        return post ? undefined : ('made-by-graph' as const);
      },
      save: ({ absentReads }) => save({ state: 'recording', absentReads }),
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
function rememberedRecord(grant: StoredGrant): RememberedWrite | undefined {
  const { state, assignmentId, absentReads, updatedAt: at } = grant;
  if (assignmentId !== undefined) return { state: 'made', at, absentReads };
  return state === 'recording' ? { state: 'intended', at, absentReads } : undefined;
}

/** The assignment was recorded meanwhile, and the next execution will see it. */
function isRecorded(error: unknown): boolean {
  const refusal = classify(error);
  if (refusal.kind !== 'conflict') return false;
  return refusal.conflict === 'existing-grant' || refusal.conflict === 'duplicate-key';
}

async function settleGrant(
  { workers }: Services,
  { run, step }: AuditContext,
  { outcome, assignmentId }: { outcome?: string | undefined; assignmentId?: string | undefined },
): Promise<void> {
  const grant = await workers.grant(run.fact.workerId, step.packageKey);
  if (grant?.instanceId !== run.instanceId || grant.state === 'settled') return;
  const updatedAt = new Date().toISOString();
  const settled = { ...grant, state: 'settled' as const, outcome, assignmentId, updatedAt };
  await workers.saveGrant(run.fact.workerId, step.packageKey, settled);
}
