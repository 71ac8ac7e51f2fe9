import { eventFaults, refusalFaults, type EventEvidence } from '../domain/evidence/event-faults';
import type { PlacedRow } from '../domain/evidence/chain';
import type { Fault } from '../domain/evidence/fault';
import { sourcesOf } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import { AuditRow } from '../domain/workflow/audit-entry';
import { mapConcurrent } from '../promises';
import type { Claims } from '../storage/claims';
import type { LedgerReader } from '../storage/audit';
import type { Indexed } from '../storage/audit-index';
import { claimIfAllowed } from './fact-line';

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

const ENDS_UNREAD =
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
  const claimsRead = { isRefused: false };
  const ofEvent = (eventHash: string, indexedAt?: number) =>
    checkEvent({ claims, audit }, claimsRead, { eventHash, sealed: [], indexedAt }, now);
  const ofRefusal = async (bodyHash: string, indexedAt: number) => {
    const row = await audit.refusalRow(bodyHash);
    return { rows: row ? [row] : [], faults: refusalFaults(bodyHash, row, { indexedAt }, now) };
  };
  const subjects = await subjectsOf(audit, question);
  const read = await mapConcurrent(AT_ONCE, subjects, (subject) =>
    subject.bodyHash === undefined
      ? ofEvent(subject.eventHash, subject.at)
      : ofRefusal(subject.bodyHash, subject.at),
  );
  const rows = read.flatMap((one) => one.rows.flatMap(readable));
  return {
    rows: 'day' in question ? rows.sort(byRecordedAt) : rows,
    faults: read.flatMap((one) => one.faults),
    notes: claimsRead.isRefused ? [ENDS_UNREAD] : [],
  };
}

/** The rows of an event, and its faults. `claimsRead` remembers that the caller may not read claims. */
export async function checkEvent(
  { claims, audit }: { claims: Stores['claims']; audit: Pick<Stores['audit'], 'rowsOf'> },
  claimsRead: { isRefused: boolean },
  known: Pick<EventEvidence, 'eventHash' | 'sealed' | 'indexedAt'>,
  now: number,
): Promise<{ rows: PlacedRow[]; faults: Fault[] }> {
  const { eventHash } = known;
  const read = async () => {
    const rows = await audit.rowsOf(eventHash);
    const isRefused = claimsRead.isRefused;
    const claim = isRefused ? 'not-allowed' : await claimIfAllowed({ claims }, eventHash);
    claimsRead.isRefused ||= claim === 'not-allowed';
    return { rows, faults: eventFaults({ ...known, rows, claim }, now) };
  };
  const once = await read();
  // It may have closed after its rows were read, and before its claim was.
  return once.faults.length === 0 ? once : read();
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
