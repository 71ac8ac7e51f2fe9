import type { StoredClaim } from '../domain/workflow/claim';
import type { Claims } from '../storage/claims';
import { shards, type Due } from '../storage/due';
import { isNotAllowed } from '../storage/storage-port';

export type OpenEventStores = { claims: Pick<Claims, 'read'>; due: Pick<Due, 'ready'> };

/** Later than every time in the `due` table. */
const END_OF_TIME = '9999-12-31T23:59:59.999Z';

/**
 * The claims of all open events. The `due` table is their index: its row is written before the claim and removed after
 * the event is closed. So no open event is missing, and a row that an interruption left is found out by its claim.
 */
export async function openEvents({ claims, due }: OpenEventStores): Promise<StoredClaim[]> {
  const byShard = await Promise.all(
    shards.map(async (shard) => {
      const found = new Map<string, StoredClaim>();
      for await (const task of due.ready(shard, END_OF_TIME)) {
        if (task.kind !== 'event') continue;
        const { eventHash } = task;
        const claim = found.has(eventHash) ? undefined : await claims.read(eventHash);
        if (claim && claim.state !== 'closed') found.set(eventHash, claim);
      }
      return [...found.values()];
    }),
  );
  return byShard.flat();
}

const UNREAD =
  'events that are open and have no row in the period were not looked for, because you may not read the records of open events';

/** The same for who may not be allowed to read them: then a note says so. */
export async function openIfAllowed(
  stores: OpenEventStores,
): Promise<{ open: StoredClaim[]; note?: string }> {
  try {
    return { open: await openEvents(stores) };
  } catch (error) {
    if (!isNotAllowed(error)) throw error;
    return { open: [], note: UNREAD };
  }
}
