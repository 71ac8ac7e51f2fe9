import type { AuditRow } from '../domain/workflow/audit-entry';
import { sourcesOf } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import type { Claims } from '../storage/claims';
import type { LedgerReader } from '../storage/audit';
import { isNotAllowed } from '../storage/storage-port';
import { chainFaults } from '../storage/verify-chain';

type Stores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'ofEvent' | 'ofWorker' | 'ofDay'>;
};

/** Which rows: those of an event id in any of `sources` or of an event hash, of a worker id, or of a UTC day (`YYYY-MM-DD`). */
export type AuditQuestion =
  | { event: string; sources: readonly string[] }
  | { eventHash: string }
  | { worker: string }
  | { day: string };

/** `faults` lists what is wrong with the hash chains of the rows, and `notes` what was not checked. */
export type AuditReport = { rows: AuditRow[]; faults: string[]; notes: string[] };

const ENDS_UNREAD =
  'the ends of the chains were not compared with the claims, because you may not read them: rows missing at the end of a ' +
  'chain would not be noticed. An operator can check that';

/**
 * Reads audit rows and checks their hash chains, also against the ends in the claims. The claims are records: who may read
 * the audit alone gets a note instead.
 */
export async function auditReport(
  { claims, audit }: Stores,
  question: AuditQuestion,
): Promise<AuditReport> {
  const rows = await readRows(audit, question);
  const faults: string[] = [];
  const notes: string[] = [];
  let endOf = (eventHash: string) => expectedEnd(claims, eventHash);
  for (const chain of chainsOf(rows)) {
    const eventHash = chain[0]?.kind === 'rejected' ? undefined : chain[0]?.eventHash;
    const end = eventHash === undefined ? undefined : await endOf(eventHash);
    if (end === 'not-allowed') {
      notes.push(ENDS_UNREAD);
      endOf = () => Promise.resolve(undefined);
    }
    faults.push(...(end === 'not-allowed' ? chainFaults(chain) : chainFaults(chain, end)));
  }
  return { rows, faults, notes };
}

async function readRows(audit: Stores['audit'], question: AuditQuestion): Promise<AuditRow[]> {
  if ('worker' in question) return audit.ofWorker(question.worker);
  if ('day' in question) {
    const rows = await audit.ofDay(question.day);
    return rows.sort((one, other) => (one.recordedAt < other.recordedAt ? -1 : 1));
  }
  if ('eventHash' in question) return audit.ofEvent(question.eventHash);
  const { event, sources } = question;
  return (
    await Promise.all(
      sourcesOf(event, sources).map((source) => audit.ofEvent(eventHash(source, event))),
    )
  ).flat();
}

/** The rows grouped by event; a refused body is a chain of its own. */
const chainsOf = (rows: readonly AuditRow[]): AuditRow[][] =>
  grouped(rows, (row) => (row.kind === 'rejected' ? row.bodyHash : row.eventHash));

/** The rows with the same key together, in their order. */
export function grouped(
  rows: readonly AuditRow[],
  keyOf: (row: AuditRow) => string | number | undefined,
): AuditRow[][] {
  const groups = new Map<string | number | undefined, AuditRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

/** Where the chain of a closed event ends by its claim; undefined if that is not known yet. */
async function expectedEnd(claims: Stores['claims'], eventHash: string) {
  try {
    const claim = await claims.read(eventHash);
    if (claim?.state !== 'closed' || !claim.chain) return undefined;
    return { attempt: claim.attempt, ...claim.chain };
  } catch (error) {
    if (isNotAllowed(error)) return 'not-allowed';
    throw error;
  }
}
