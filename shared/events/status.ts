import type { AuditRow } from '../domain/workflow/audit-entry';
import type { StoredClaim } from '../domain/workflow/claim';
import { sourcesOf } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import type { Claims } from '../storage/claims';
import type { LedgerReader } from '../storage/audit';

type Stores = {
  claims: Pick<Claims, 'read' | 'duplicates'>;
  audit: Pick<LedgerReader, 'ofEvent'>;
};

/** The status of an accepted event. `duplicates` counts the messages that repeated it. */
type AcceptedStatus = EventStatus & { duplicates: number };
/** The last refusal of an event that was never accepted. */
type RejectedStatus = ReturnType<typeof describeRefusal>;

export type StatusAnswer =
  | { kind: 'known'; status: AcceptedStatus | RejectedStatus }
  /** Several sources have accepted an event of this id. */
  | { kind: 'ambiguous'; sources: string[] }
  | { kind: 'unknown' };

/** Finds an event by its CloudEvents id in each of `sources`. */
export async function statusOf(
  { claims, audit }: Stores,
  id: string,
  sources: readonly string[],
): Promise<StatusAnswer> {
  const hashes = sourcesOf(id, sources).map((source) => eventHash(source, id));
  const found = await Promise.all(hashes.map((hash) => claims.read(hash)));
  const known = found.filter((claim) => claim !== undefined);
  const [claim, ...others] = known;
  if (others.length > 0)
    return { kind: 'ambiguous', sources: known.map(({ fact }) => fact.eventSource) };
  if (claim) {
    const duplicates = await claims.duplicates(claim.eventHash);
    return { kind: 'known', status: { ...describeEvent(claim), duplicates } };
  }
  const rows = await Promise.all(hashes.map((hash) => audit.ofEvent(hash)));
  const row = rows.flat().at(-1);
  if (!row) return { kind: 'unknown' };
  return { kind: 'known', status: describeRefusal(row) };
}

/** What the row of a refused body says about its event. */
export const describeRefusal = (row: AuditRow) => ({
  eventId: row.eventId,
  source: row.eventSource,
  workerId: row.workerId,
  state: 'rejected' as const,
  outcome: row.outcome,
  reason: row.reason,
  receivedAt: row.receivedAt,
  bodyHash: row.bodyHash,
});

/** What the claim of an event says about it. */
export type EventStatus = ReturnType<typeof describeEvent>;

export const describeEvent = (claim: StoredClaim) => ({
  eventId: claim.fact.eventId,
  source: claim.fact.eventSource,
  type: claim.fact.eventType,
  workerId: claim.fact.workerId,
  state: claim.state,
  outcome: claim.outcome,
  reason: claim.reason,
  ...waitOf(claim),
  stalledSince: claim.state === 'closed' ? undefined : claim.stalledSince,
  attempt: claim.attempt,
  version: claim.version,
  startDate: claim.fact.startDate,
  timeZone: claim.fact.timeZone,
  actAt: claim.fact.actAt,
  readyBy: claim.fact.readyBy,
  receivedAt: claim.fact.receivedAt,
  updatedAt: claim.updatedAt,
  eventHash: claim.eventHash,
});

type Wait = {
  waitingFor?: string | undefined;
  waitingReason?: string | undefined;
  waitingSince?: string | undefined;
  waitingUntil?: string | undefined;
};

/** What an open event waits for. `start`: its run has not begun; `nothing`: its run works, or waits for less than a minute. */
function waitOf({ state, waiting, updatedAt }: StoredClaim): Wait {
  if (state === 'closed') return {};
  if (state !== 'started')
    return { waitingFor: state === 'claimed' ? 'start' : 'closing', waitingSince: updatedAt };
  if (!waiting) return { waitingFor: 'nothing' };
  const { for: waitingFor, reason: waitingReason, since, until } = waiting;
  return { waitingFor, waitingReason, waitingSince: since, waitingUntil: until };
}
