import type { AuditEntry } from '../domain/audit-entry';
import { padded } from '../domain/keys';
import type { AppendOnlyTable } from '../domain/table';

/** One partition a day would take all writes of a busy day; sixteen share them. */
const SHARDS = Array.from({ length: 16 }, (_, shard) => shard.toString(16));

/** Where an index entry leads: the partition of the rows, and for a refused body its row. */
export type Reference = { partition: string; key?: string };

/** Makes the event findable by worker and by day. Written before its row; twice changes nothing. */
export async function indexEntry(
  index: AppendOnlyTable,
  entry: AuditEntry,
  at: string,
): Promise<void> {
  const subject = entry.kind === 'rejected' ? entry.bodyHash : entry.eventHash;
  if (subject === undefined) throw new Error('an audit entry is about an event or a body');
  const key = `${padded(Date.parse(at), 16)}-${subject}`;
  const partition = entry.kind === 'rejected' ? `rejected-${subject.slice(0, 2)}` : subject;
  const columns = { partition, ...(entry.kind === 'rejected' && { key: subject }) };
  const day = `day-${at.slice(0, 10)}-${subject.slice(0, 1)}`;
  const places = entry.workerId === undefined ? [day] : [day, `worker-${entry.workerId}`];
  await Promise.all(places.map((place) => index.insert(place, key, columns)));
}

/** The references of one UTC day (`YYYY-MM-DD`), each once, in no promised order. */
export async function referencesOfDay(index: AppendOnlyTable, day: string): Promise<Reference[]> {
  const lists = await Promise.all(SHARDS.map((shard) => index.list(`day-${day}-${shard}`)));
  return unique(lists.flat().map((row) => row.columns as Reference));
}

/** The references of one worker, oldest first. */
export async function referencesOfWorker(
  index: AppendOnlyTable,
  workerId: string,
): Promise<Reference[]> {
  const rows = await index.list(`worker-${workerId}`);
  return unique(rows.map((row) => row.columns as Reference));
}

const unique = (references: Reference[]): Reference[] => [
  ...new Map(references.map((reference) => [JSON.stringify(reference), reference])).values(),
];
