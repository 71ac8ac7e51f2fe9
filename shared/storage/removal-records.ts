import type { TokenCredential } from '@azure/identity';
import { addBlob, blobIn, BlobRefused, listBlobs, readBlob, type BlobAccess } from '../blobs';
import { padded } from '../domain/events/keys';
import { RemovalRecord } from '../domain/evidence/removal';
import { mapConcurrent } from '../promises';

export type RemovalRecords = ReturnType<typeof openRemovalRecords>;

const NAME = /^removal-\d{6}\.json$/;
/** The name of the blob of a record. */
export const removalRecordName = (number: number): string => `removal-${padded(number, 6)}.json`;

/** The records of what was removed from the audit, in the container of the seals: one JSON file each, written once. */
export function openRemovalRecords(container: string, credential?: TokenCredential) {
  const access: BlobAccess = {
    name: 'record of a removal',
    ...(container.startsWith('https://') && { credential }),
  };
  const read = async (name: string): Promise<RemovalRecord | undefined> => {
    const { bytes } = await readBlob(blobIn(container, name), access);
    try {
      return RemovalRecord.safeParse(JSON.parse(bytes.toString('utf8'))).data;
    } catch {
      return undefined;
    }
  };
  return {
    /** All records, oldest first. One that cannot be read is left out, so the one after it lacks it. */
    all: async (): Promise<RemovalRecord[]> => {
      const names = (await listBlobs(container, access)).filter((name) => NAME.test(name));
      return (await mapConcurrent(8, names, read)).filter((record) => record !== undefined);
    },
    /** Adds the next record. Throws if another one has its number. */
    add: async (record: RemovalRecord): Promise<void> => {
      const name = removalRecordName(record.number);
      await addBlob(blobIn(container, name), contentOf(record), access);
      const stored = await read(name);
      if (stored?.signature !== record.signature)
        throw new BlobRefused(`somebody else has written the record ${record.number}`, 409);
    },
  };
}

const contentOf = (record: RemovalRecord) => ({
  text: `${JSON.stringify(record)}\n`,
  type: 'application/json',
});
