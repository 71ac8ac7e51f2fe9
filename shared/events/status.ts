import type { StoredClaim } from '../domain/workflow/claim';
import { eventHash } from '../domain/events/keys';
import type { Claims } from '../storage/claims';
import type { LedgerReader } from '../storage/audit';

type Stores = {
  claims: Pick<Claims, 'read' | 'duplicates'>;
  audit: Pick<LedgerReader, 'ofEvent'>;
};

/** The status of an accepted event. `duplicates` counts the messages that repeated it. */
type AcceptedStatus = ReturnType<typeof acceptedStatus>;
/** The last refusal of an event that was never accepted. */
type RejectedStatus = {
  eventId: string | undefined;
  source: string | undefined;
  state: 'rejected';
  outcome: string | undefined;
  reason: string | undefined;
  receivedAt: string | undefined;
  bodyHash: string | undefined;
};

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
  const hashes = sources.map((source) => eventHash(source, id));
  const found = await Promise.all(hashes.map((hash) => claims.read(hash)));
  const known = found.filter((claim) => claim !== undefined);
  const [claim, ...others] = known;
  if (others.length > 0)
    return { kind: 'ambiguous', sources: known.map(({ fact }) => fact.eventSource) };
  if (claim) {
    const duplicates = await claims.duplicates(claim.eventHash);
    return { kind: 'known', status: acceptedStatus(claim, duplicates) };
  }
  const rows = await Promise.all(hashes.map((hash) => audit.ofEvent(hash)));
  const row = rows.flat().at(-1);
  if (!row) return { kind: 'unknown' };
  const { eventId, eventSource: source, outcome, reason, receivedAt, bodyHash } = row;
  const state = 'rejected' as const;
  const status = { eventId, source, state, outcome, reason, receivedAt, bodyHash };
  return { kind: 'known', status };
}

const acceptedStatus = (claim: StoredClaim, duplicates: number) => ({
  eventId: claim.fact.eventId,
  source: claim.fact.eventSource,
  type: claim.fact.eventType,
  workerId: claim.fact.workerId,
  state: claim.state,
  outcome: claim.outcome,
  reason: claim.reason,
  attempt: claim.attempt,
  version: claim.version,
  duplicates,
  startDate: claim.fact.startDate,
  timeZone: claim.fact.timeZone,
  dueAt: claim.fact.dueAt,
  receivedAt: claim.fact.receivedAt,
  updatedAt: claim.updatedAt,
  eventHash: claim.eventHash,
});
