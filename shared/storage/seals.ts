import type { TokenCredential } from '@azure/identity';
import { addBlob, blobIn, BlobRefused, listBlobs, readBlob, type BlobAccess } from '../blobs';
import { Hour, Seal } from '../domain/evidence/seal';

export type Seals = ReturnType<typeof openSeals>;

const NAME = /^(.+)\.json$/;
const nameOf = (hour: string): string => `${hour}.json`;

/** Of a few weeks: what is sealed does not change. */
const REMEMBERED = 1_000;

/**
 * The seals in a container of blobs: one JSON file per UTC hour, written once. `container`: its https address, or one of this
 * machine that is signed.
 */
export function openSeals(container: string, credential?: TokenCredential) {
  const access: BlobAccess = {
    name: 'seal',
    ...(container.startsWith('https://') && { credential }),
  };
  const known = new Map<string, Seal>();

  /** `unreadable`: what is in its place is no seal of this hour. */
  const read = async (hour: string): Promise<Seal | 'unreadable' | undefined> => {
    const remembered = known.get(hour);
    if (remembered) return remembered;
    const text = await textOf(blobIn(container, nameOf(hour)), access);
    if (text === undefined) return undefined;
    const seal = parsed(text);
    if (seal?.hour !== hour) return 'unreadable';
    if (known.size >= REMEMBERED) known.clear();
    known.set(hour, seal);
    return seal;
  };

  return {
    /** The hours that have a seal, oldest first. */
    hours: async (): Promise<string[]> =>
      (await listBlobs(container, access))
        .map((name) => NAME.exec(name)?.[1])
        .filter((name) => Hour.safeParse(name).success) as string[],
    read,
    /** Adds a seal. One of the same hour that is there stays: answers the one that is. */
    add: async (seal: Seal): Promise<Seal> => {
      const content = { text: `${JSON.stringify(seal)}\n`, type: 'application/json' };
      // Who may only create is refused where one is, and an immutable one has an answer of its own.
      const refusal = await refusalOf(
        addBlob(blobIn(container, nameOf(seal.hour)), content, access),
      );
      const stored = await read(seal.hour);
      if (stored !== undefined && stored !== 'unreadable') return stored;
      throw refusal ?? new Error(`the seal of ${seal.hour} cannot be read after it was written`);
    },
  };
}

async function refusalOf(write: Promise<void>): Promise<BlobRefused | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (error instanceof BlobRefused) return error;
    throw error;
  }
}

async function textOf(url: string, access: BlobAccess): Promise<string | undefined> {
  try {
    return (await readBlob(url, access)).bytes.toString('utf8');
  } catch (error) {
    if (error instanceof BlobRefused && error.status === 404) return undefined;
    throw error;
  }
}

function parsed(text: string): Seal | undefined {
  try {
    return Seal.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
