import type { StoredClaim } from '../domain/workflow/claim';
import type { Claims } from '../storage/claims';
import { shards, type Due } from '../storage/due';

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
