import { createLedgerReader, type LedgerReader } from '../shared/storage/audit';
import { chainFaults } from '../shared/storage/verify-chain';
import type { AuditRow } from '../shared/domain/workflow/audit-entry';
import { Id } from '../shared/domain/events/event';
import { eventHash } from '../shared/domain/events/keys';
import { isDate } from '../shared/domain/events/time';
import { createClaims, type Claims } from '../shared/storage/claims';
import { openClaims, openLedger, Complaint, unknownEvent, type Connection } from './connection';
import { print, tableOf } from './print';

type Question = { event?: string; source?: string; worker?: string; day?: string; json: boolean };

/**
 * The rows of one event, one worker or one UTC day, with the verdict on their hash chains, held against the ends that
 * the claims know. Exit code 1 on a fault.
 */
export async function audit(connection: Connection, question: Question): Promise<void> {
  const { audit: rows, index } = openLedger(connection);
  const found = await ask(createLedgerReader(rows, index), connection, question);
  const claims = createClaims(openClaims(connection));
  const faults: string[] = [];
  for (const chain of byEvent(found).values()) faults.push(...(await faultsOf(chain, claims)));
  print({ rows: found, faults }, question.json, () => report(found, faults));
  if (faults.length > 0) process.exitCode = 1;
}

async function faultsOf(chain: AuditRow[], claims: Claims): Promise<string[]> {
  const [first] = chain;
  if (first?.eventHash === undefined || first.kind === 'rejected') return chainFaults(chain);
  const claim = await claims.read(first.eventHash);
  if (claim?.state !== 'closed' || !claim.chain) return chainFaults(chain);
  return chainFaults(chain, { attempt: claim.attempt, ...claim.chain });
}

async function ask(
  reader: LedgerReader,
  { sources }: Connection,
  { event, source, worker, day }: Question,
): Promise<AuditRow[]> {
  const asked = [event, worker, day].filter((one) => one !== undefined);
  if (asked.length !== 1) throw new Complaint('say one of --event, --worker, --day', 2);
  if (source !== undefined && event === undefined)
    throw new Complaint('--source goes with --event', 2);
  if (worker !== undefined) return reader.ofWorker(idOf('--worker', worker));
  if (event !== undefined) {
    const candidates = source === undefined ? sources : [source];
    const id = idOf('--event', event);
    const lists = candidates.map((candidate) => reader.ofEvent(eventHash(candidate, id)));
    const rows = (await Promise.all(lists)).flat();
    if (rows.length === 0) throw unknownEvent(id, candidates);
    return rows;
  }
  if (!isDate(day ?? '')) throw new Complaint('--day is a UTC day YYYY-MM-DD', 2);
  const rows = await reader.ofDay(day ?? '');
  return rows.sort((one, other) => (one.recordedAt < other.recordedAt ? -1 : 1));
}

function idOf(option: string, text: string): string {
  if (Id.safeParse(text).success) return text;
  throw new Complaint(`${option} takes an id: 1 to 64 of A-Z a-z 0-9 . _ : -`, 2);
}

/** The rows of each chain together: a refused body is a chain of its own. */
const byEvent = (rows: AuditRow[]): Map<string, AuditRow[]> => {
  const chains = new Map<string, AuditRow[]>();
  for (const row of rows) {
    const key = (row.kind === 'rejected' ? row.bodyHash : row.eventHash) ?? '';
    chains.set(key, [...(chains.get(key) ?? []), row]);
  }
  return chains;
};

const HEADINGS = [
  'recorded',
  'event',
  'attempt',
  'seq',
  'worker',
  'kind',
  'step',
  'package',
  'outcome',
  'reason',
];

function report(rows: AuditRow[], faults: string[]): string {
  if (rows.length === 0) return 'no rows';
  const lines = rows.map((row) => [
    row.recordedAt,
    row.eventId ?? `body ${row.bodyHash?.slice(0, 12) ?? ''}`,
    row.attempt,
    row.seq,
    row.workerId,
    row.kind,
    row.step,
    row.packageKey,
    row.outcome,
    row.reason,
  ]);
  const verdict = faults.length === 0 ? 'the hash chains hold' : `FAULTS:\n${faults.join('\n')}`;
  return `${tableOf(HEADINGS, lines)}\n\n${rows.length} rows; ${verdict}`;
}
