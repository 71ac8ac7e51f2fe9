import { BlobRefused } from '../blobs';
import type { RemovalRecords } from '../storage/removal-records';
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

const counted = ({ length }: readonly unknown[], one: string, several: string): string =>
  `${length} ${length === 1 ? one : several}`;
