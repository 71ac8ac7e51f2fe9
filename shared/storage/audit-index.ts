import type { AuditEntry } from '../domain/workflow/audit-entry';
import { padded } from '../domain/events/keys';
import type { AppendOnlyTable, StoredRow, Table } from './storage-port';

/** A single partition per day would take all writes of that day; sixteen share them. */
const SHARDS = Array.from({ length: 16 }, (_, shard) => shard.toString(16));

/** What index entries point to, when the first and the last of them were made (milliseconds since 1970), and how many there are. */
export type Indexed = { at: number; lastAt: number; entries: number } & (
  { eventHash: string; bodyHash?: undefined } | { bodyHash: string; eventHash?: undefined }
);

/** The partition of the rows of refused bodies. */
export const refusalsOf = (bodyHash: string): string => `rejected-${bodyHash.slice(0, 2)}`;

/** Indexes a row by day and worker, and a refused body by its event. Call it before the row is written. Idempotent. */
export async function indexEntry(
  index: AppendOnlyTable,
  entry: AuditEntry,
  at: string,
): Promise<void> {
  const subject = entry.kind === 'rejected' ? entry.bodyHash : entry.eventHash;
  if (subject === undefined) throw new Error('an audit entry is about an event or a body');
  const key = `${padded(Date.parse(at), 16)}-${subject}`;
  const partition = entry.kind === 'rejected' ? refusalsOf(subject) : subject;
  const columns = { partition, ...(entry.kind === 'rejected' && { key: subject }) };
  const day = `day-${at.slice(0, 10)}-${subject.slice(0, 1)}`;
  const places = [day];
  if (entry.workerId !== undefined) places.push(`worker-${entry.workerId}`);
  if (entry.kind === 'rejected' && entry.eventHash !== undefined) {
    places.push(`event-${entry.eventHash}`);
  }
  await Promise.all(places.map((place) => index.insert(place, key, columns)));
}

/** The references of one UTC day (`YYYY-MM-DD`), each once, in no promised order; those behind the key `from` if it is given. */
export async function referencesOfDay(
  index: AppendOnlyTable,
  day: string,
  from?: string,
): Promise<Indexed[]> {
  const range = from === undefined ? {} : { from };
  const lists = await Promise.all(SHARDS.map((shard) => index.list(`day-${day}-${shard}`, range)));
  return unique(lists.flat());
}

/** The same of all UTC days from one to another, in the order of their partitions. */
export async function referencesOfDays(
  index: Pick<Table, 'scan'>,
  first: string,
  last: string,
): Promise<Indexed[]> {
  const subjects = new Map<string, Indexed>();
  for await (const page of index.scan({ after: `day-${first}-`, before: `day-${last}.` }))
    addTo(subjects, page);
  return [...subjects.values()];
}

/** The references of one worker, oldest first. */
export async function referencesOfWorker(
  index: AppendOnlyTable,
  workerId: string,
): Promise<Indexed[]> {
  const rows = await index.list(`worker-${workerId}`);
  return unique(rows);
}

/** The refused bodies with the id and source of an event, oldest first. */
export async function refusalsOfEvent(
  index: AppendOnlyTable,
  eventHash: string,
): Promise<Indexed[]> {
  const rows = await index.list(`event-${eventHash}`);
  return unique(rows);
}

const TIME = /^\d{16}(?=-)/;
const HASH = /^[0-9a-f]{64}$/;

/** Each subject once. */
function unique(rows: readonly StoredRow[]): Indexed[] {
  const subjects = new Map<string, Indexed>();
  addTo(subjects, rows);
  return [...subjects.values()];
}

/** An entry that the app does not write leads nowhere, and must keep no other from being found. */
function addTo(subjects: Map<string, Indexed>, rows: readonly StoredRow[]): void {
  for (const { key, columns } of rows) {
    const { partition, key: bodyHash } = columns;
    const subject = String(bodyHash ?? partition);
    const made = Number(TIME.exec(key)?.[0]);
    if (Number.isNaN(made) || !HASH.test(subject)) continue;
    const known = subjects.get(subject) ?? { at: made, lastAt: made, entries: 0 };
    subjects.set(subject, {
      ...(bodyHash === undefined ? { eventHash: subject } : { bodyHash: subject }),
      at: Math.min(known.at, made),
      lastAt: Math.max(known.lastAt, made),
      entries: known.entries + 1,
    });
  }
}
