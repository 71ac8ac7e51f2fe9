import { CLOCK } from '../domain/events/event';
import { packageDefinition } from '../domain/access-model/access-model';
import type { EndedRequest } from '../domain/workflow/audit-entry';
import { START_OF_CHAIN, type ChainEnd, type Run } from '../domain/workflow/run';
import type { LoadedModel } from '../config/load-model';
import type { AssignmentRequest } from '../graph/answers';
import { emptyOn404, GraphError } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import type { Log } from '../log';
import type { Claims } from '../storage/claims';
import { RequestTask, type Due, type DueRow } from '../storage/due';
import type { Holdings, StoredHolding } from '../storage/holdings';
import { runColumns, writerColumns, type AuditWriter } from './audit-context';
import type { RunHost } from './run-host';
import { startOwnEvent } from './start';

/*
 * Requests that are open when their run closes, such as those that wait for an approval. The chain of the run has ended, so
 * the end of such a request starts an event of the clock: its first row says how the request ended, and its run plans the
 * person again. docs: docs/decisions/0018-how-a-request-ends-after-its-event.md
 */

export type FollowServices = {
  claims: Pick<Claims, 'claim'>;
  due: Pick<Due, 'add' | 'schedule' | 'cancel'>;
  graph: Pick<Entitlements, 'getAssignmentRequest'>;
  holdings: Pick<Holdings, 'load' | 'save'>;
  config: { recovery: { delaySeconds: number } };
};

/** A request is read again after so long, until Graph may have forgotten it. */
const REQUEST_CHECK_MS = 3_600_000;
const LONGEST_REQUEST_MS = 90 * 86_400_000;

/** Plans a check of each request of the run that is still open. Idempotent. */
export async function followRequests(
  { model, due }: { model: () => LoadedModel; due: Pick<Due, 'add'> },
  run: Run,
  holdings: readonly StoredHolding[],
): Promise<void> {
  for (const holding of holdings.filter(isOpenIn(run))) {
    const { requestId, updatedAt: since, action, outcome } = holding;
    if (requestId === undefined) continue;
    const { personId, targetId, packageKey, instanceId: requestRun } = holding;
    const policy = packageDefinition(model().model, packageKey)?.accessPackage.policy;
    const isDecided = outcome === 'approval-required' || policy?.approval.required === true;
    const task: RequestTask = {
      ...{ kind: 'request', personId, targetId, packageKey, requestId, action, requestRun, since },
      needsApproval: action !== 'revoke' && isDecided,
    };
    await due.add(task, new Date(Date.parse(since) + REQUEST_CHECK_MS).toISOString());
  }
}

/** Whether a holding has a request of this run that is open as far as the record says. */
export const isOpenIn =
  (run: Run) =>
  (holding: StoredHolding): boolean =>
    holding.instanceId === run.instanceId && isUnsettled(holding);

const isUnsettled = ({ state }: StoredHolding): boolean =>
  state === 'requested' || state === 'recording';

/**
 * Reads a request that outlived its run. Once it has ended, or Graph has forgotten it, its event of the clock begins, once. A
 * request that another run has taken over and settled has a row there.
 */
export async function checkRequest(
  services: FollowServices,
  host: Pick<RunHost, 'start' | 'status'>,
  row: DueRow<RequestTask>,
  log: Log,
): Promise<void> {
  const { due, holdings, graph } = services;
  const task = RequestTask.parse(row);
  const { personId, requestId } = task;
  const now = Date.now();
  const last = await holdings.load(task);
  const holding = last?.requestId === requestId ? last : undefined;
  if (!holding || isUnsettled(holding)) {
    const request = await readRequest(graph, requestId);
    const waits = typeof request === 'object' && request.requestStatus === 'waiting-for-approval';
    const seen = { ...task, needsApproval: task.needsApproval || waits };
    const isLate = now - Date.parse(task.since) >= LONGEST_REQUEST_MS;
    const ended = endOf(seen, request, isLate);
    if (ended) {
      const event = { source: CLOCK, id: `${personId}@${requestId}`, workerId: personId } as const;
      const at = new Date(now).toISOString();
      const { eventHash, isNew } = await startOwnEvent(services, host, { ...event, at, ended });
      if (isNew) log({ what: 'request-ended', eventHash, outcome: ended.outcome });
      if (holding) await keepAssignment(holdings, holding, ended, request);
    } else {
      await due.add(seen, new Date(now + REQUEST_CHECK_MS).toISOString());
    }
  }
  await due.cancel(row);
}

/** Of a grant, an extension or a repeated delivery, and of a removal. */
const delivered = {
  ...{ grant: 'delivered', reprocess: 'delivered', extend: 'extended', revoke: 'revoked' },
} as const;

/** How the request ended; undefined while it is open. `isLate`: Graph promises to have it no longer than until now. */
function endOf(
  { requestId, requestRun, action, packageKey, targetId, needsApproval }: RequestTask,
  request: Read,
  isLate: boolean,
): EndedRequest | undefined {
  const known = typeof request === 'object' ? request : undefined;
  const about = {
    ...{ assignmentRequestId: requestId, requestRun, action, packageKey, targetId },
    graphState: known?.state,
  };
  const approver = needsApproval ? 'not-readable' : undefined;
  const endedAt = known?.completedDateTime;
  switch (known?.requestStatus) {
    case 'delivered':
      return { ...about, approver, outcome: delivered[action], endedAt, deliveredAt: endedAt };
    case 'denied':
      return { ...about, approver: 'not-readable', outcome: 'denied', endedAt };
    case 'canceled':
      return { ...about, outcome: 'denied', reason: 'canceled', endedAt };
    case 'failed':
      return { ...about, approver, outcome: 'failed', reason: 'delivery-failed', endedAt };
    default: {
      const why = request === 'forgotten' ? 'request-forgotten' : isLate && 'request-too-old';
      return why ? { ...about, approver, outcome: 'not-readable', reason: why } : undefined;
    }
  }
}

/**
 * Records what a grant gave after its run had closed: Graph forgets requests after three months, and then nothing else says
 * whose the access is. Comes after the event, which no other check would start; a run that has changed the row knows more.
 */
async function keepAssignment(
  holdings: FollowServices['holdings'],
  holding: StoredHolding,
  { outcome }: EndedRequest,
  request: Read,
): Promise<void> {
  const assignmentId = typeof request === 'object' ? request.assignmentId : undefined;
  if (outcome !== 'delivered' || assignmentId === undefined || holding.action !== 'grant') return;
  await holdings.save({
    ...{ ...holding, state: 'held', assignmentId },
    updatedAt: new Date().toISOString(),
  });
}

/** What Graph says of a request: `unknown` if it cannot say now, and the request may still be open. */
type Read = AssignmentRequest | 'forgotten' | 'unknown';

async function readRequest(graph: FollowServices['graph'], requestId: string): Promise<Read> {
  try {
    const [request] = await emptyOn404(graph.getAssignmentRequest(requestId));
    return request ?? 'forgotten';
  } catch (error) {
    if (error instanceof GraphError) return 'unknown';
    throw error;
  }
}

/** Writes how a request ended as the first row of the event that its end has started. Answers the end of the chain. Idempotent. */
export async function recordEndedRequest(
  writer: AuditWriter,
  run: Run,
  ended: EndedRequest,
): Promise<ChainEnd> {
  const { packageKey = '' } = ended;
  const definition = packageDefinition(writer.model().model, packageKey)?.accessPackage;
  const entry = {
    ...runColumns(run),
    ...writerColumns(writer),
    ...({ kind: 'request-ended', state: 'started' } as const),
    packageName: definition?.displayName,
    ...ended,
  };
  // Each attempt has an index entry of its own, by which the seals know it.
  const at = new Date().toISOString();
  return (await writer.ledger.append(START_OF_CHAIN, entry, at)).chain;
}
