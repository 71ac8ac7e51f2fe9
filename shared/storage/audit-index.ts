import type { AuditEntry } from '../domain/workflow/audit-entry';
import { padded } from '../domain/events/keys';
import type { AppendOnlyTable } from './storage-port';

/** One partition a day would take all writes of a busy day; sixteen share them. */
const SHARDS = Array.from({ length: 16 }, (_, shard) => shard.toString(16));

/** Where an index entry leads: the partition of the rows, and for a refused body its row. */
export type Reference = { partition: string; key?: string };

/** Makes a row findable by day and worker, and a refused body by its event. Written before its row; twice changes nothing. */
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
  const places = [day];
  if (entry.workerId !== undefined) places.push(`worker-${entry.workerId}`);
  if (entry.kind === 'rejected' && entry.eventHash !== undefined) {
    places.push(`event-${entry.eventHash}`);
  }
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

/** The refused bodies that named an event, oldest first. */
export async function refusalsOfEvent(
  index: AppendOnlyTable,
  eventHash: string,
): Promise<Reference[]> {
  const rows = await index.list(`event-${eventHash}`);
  return unique(rows.map((row) => row.columns as Reference));
}

const unique = (references: Reference[]): Reference[] => [
  ...new Map(references.map((reference) => [JSON.stringify(reference), reference])).values(),
];
