import { BlobRefused } from '../blobs';
import { removalRecordName, type RemovalRecords } from '../storage/removal-records';
import type { Period } from './evidence';

const UNREAD =
  'whether retention removed something of the period is not known, because you may not read the records of removals';

/** What is missing in a report because retention removed it, by the records of removals. */
export async function removedNotes(
  records: Pick<RemovalRecords, 'all'>,
  { from = '' }: Period,
): Promise<string[]> {
  try {
    return (await records.all())
      .filter(({ before }) => before > from)
      .map(({ before, at, events, bodies }) => {
        const what = `${counted(events, 'event', 'events')} and ${counted(bodies, 'refused body', 'refused bodies')}`;
        return `${what} that had ended before ${before} were removed on ${at.slice(0, 10)} by retention, and are in no report: "joinery audit verify" checks the record`;
      });
  } catch (error) {
    if (error instanceof BlobRefused && error.status === 404) return [];
    if (error instanceof BlobRefused && error.status === 403) return [UNREAD];
    throw error;
  }
}

/** That retention has removed an event, by the last record that names it: on which UTC day, and the name of the record. */
export type RemovedEvent = { eventHash: string; day: string; record: string };

/** Which of the events retention has removed; none where the records may not be read. */
export async function removedEvent(
  records: Pick<RemovalRecords, 'all'>,
  eventHashes: readonly string[],
): Promise<RemovedEvent | undefined> {
  const all = await records.all().catch((error: unknown) => {
    if (error instanceof BlobRefused) return [];
    throw error;
  });
  for (const { events, at, number } of all.toReversed()) {
    const eventHash = eventHashes.find((hash) => events.includes(hash));
    if (eventHash !== undefined)
      return { eventHash, day: at.slice(0, 10), record: removalRecordName(number) };
  }
  return undefined;
}

const counted = ({ length }: readonly unknown[], one: string, several: string): string =>
  `${length} ${length === 1 ? one : several}`;
