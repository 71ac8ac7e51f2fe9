import { padded } from '../domain/keys';
import type { Table } from '../domain/table';

export type DuePlace = { partition: string; key: string };

export type Due = ReturnType<typeof createDue>;

/** A row for every event that still has something to happen, filed under the time at which to look at it. */
export function createDue(table: Table) {
  return {
    /** `lookAt`: ISO 8601. Doing it twice with the same values changes nothing. */
    watch: async (eventHash: string, lookAt: string): Promise<DuePlace> => {
      const place = placeOf(eventHash, lookAt);
      await table.insert(place.partition, place.key, { eventHash, lookAt });
      return place;
    },
    forget: ({ partition, key }: DuePlace): Promise<void> => table.remove(partition, key),
  };
}

/** Sixteen shards share the load of a busy hour. */
export const placeOf = (eventHash: string, lookAt: string): DuePlace => ({
  partition: `shard-${eventHash.slice(0, 1)}`,
  key: `${padded(Date.parse(lookAt), 16)}-${eventHash}`,
});
