import { endsOf, type PlacedRow } from '../domain/evidence/chain';
import { refusalFaults, eventFaults } from '../domain/evidence/event-faults';
import type { Fault } from '../domain/evidence/fault';
import { sealedEnd, type InclusionProof } from '../domain/evidence/seal';
import { sourcesOf } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import { AuditRow } from '../domain/workflow/audit-entry';
import { createClaimReader } from '../evidence/claim-reader';
import type { SealFinder } from '../evidence/prove';
import { mapConcurrent } from '../promises';
import type { Claims } from '../storage/claims';
import type { LedgerReader } from '../storage/audit';
import type { Indexed } from '../storage/audit-index';

type Stores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'rowsOf' | 'refusalRow' | 'indexed'>;
};

/** Which rows: those of an event id in any of `sources` or of an event hash, of a worker id, or of a UTC day (`YYYY-MM-DD`). */
export type AuditQuestion =
  | { event: string; sources: readonly string[] }
  | { eventHash: string }
  | { worker: string }
  | { day: string };

/** `faults` lists what is wrong with the rows and their chains, and `notes` what was not checked. */
export type AuditReport = { rows: AuditRow[]; faults: Fault[]; notes: string[] };

export const ENDS_UNREAD =
  'the ends of the chains were not compared with the claims, because you may not read them: rows missing at the end of a ' +
  'chain would not be noticed. An operator can check that';

/** A busy day has thousands of events; reading all of them at once would exceed the deadline of each call. */
const AT_ONCE = 32;

/**
 * Reads audit rows and checks them both ways: against the ends in the claims, and what index and claims know against the
 * rows. The claims are records: who may read the audit alone gets a note instead.
 */
export async function auditReport(
  { claims, audit }: Stores,
  question: AuditQuestion,
): Promise<AuditReport> {
  const now = Date.now();
  const readClaim = createClaimReader(claims);
  const ofRefusal = async (bodyHash: string, indexedAt: number) => {
    const row = await audit.refusalRow(bodyHash);
    return { rows: row ? [row] : [], faults: refusalFaults(bodyHash, row, { indexedAt }, now) };
  };
  const subjects = await subjectsOf(audit, question);
  const read = await mapConcurrent(AT_ONCE, subjects, (subject) =>
    subject.bodyHash === undefined
      ? checkEvent({ audit, readClaim }, subject.eventHash, subject.at)
      : ofRefusal(subject.bodyHash, subject.at),
  );
  const rows = read.flatMap((one) => one.rows.flatMap(readable));
  return {
    rows: 'day' in question ? rows.sort(byRecordedAt) : rows,
    faults: read.flatMap((one) => one.faults),
    notes: readClaim.isRefused() ? [ENDS_UNREAD] : [],
  };
}

type EventStores = {
  audit: Pick<LedgerReader, 'rowsOf'>;
  readClaim: ReturnType<typeof createClaimReader>;
  proofsOf?: SealFinder;
};

type CheckedEvent = { rows: PlacedRow[]; proofs: InclusionProof[]; faults: Fault[] };

/** The rows of one event, what proves them by seals, and what is wrong with them by all that is known of it. */
export async function checkEvent(
  stores: EventStores,
  eventHash: string,
  indexedAt?: number,
): Promise<CheckedEvent> {
  const once = await readEvent(stores, eventHash, indexedAt);
  // It may have closed after its rows were read, and before its claim was.
  return once.faults.length === 0 ? once : readEvent(stores, eventHash, indexedAt);
}

async function readEvent(
  { audit, readClaim, proofsOf }: EventStores,
  eventHash: string,
  indexedAt: number | undefined,
): Promise<CheckedEvent> {
  const rows = await audit.rowsOf(eventHash);
  const closed = endsOf(rows);
  const isSealed = proofsOf !== undefined && closed.length > 0;
  const proofs = isSealed ? await proofsOf(eventHash, closed) : [];
  const sealed = proofs.map(({ leaf }) => sealedEnd(leaf));
  const claim = await readClaim(eventHash);
  const faults = eventFaults({ eventHash, rows, claim, sealed, indexedAt }, Date.now());
  return { rows, proofs, faults };
}

/** A row that somebody changed may have no meaning any more: its fault names it. */
export const readable = ({ columns }: PlacedRow): AuditRow[] => {
  const { data } = AuditRow.safeParse(columns);
  return data ? [data] : [];
};

const byRecordedAt = (one: AuditRow, other: AuditRow): number =>
  one.recordedAt < other.recordedAt ? -1 : 1;

type Subject = Indexed | { eventHash: string; bodyHash?: undefined; at?: undefined };

async function subjectsOf(audit: Stores['audit'], question: AuditQuestion): Promise<Subject[]> {
  if ('worker' in question || 'day' in question) return audit.indexed(question);
  const hashes =
    'eventHash' in question
      ? [question.eventHash]
      : sourcesOf(question.event, question.sources).map((source) =>
          eventHash(source, question.event),
        );
  const refusals = await Promise.all(hashes.map((hash) => audit.indexed({ eventHash: hash })));
  return hashes.flatMap((hash, at): Subject[] => [{ eventHash: hash }, ...(refusals[at] ?? [])]);
}
