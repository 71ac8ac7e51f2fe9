import { z } from 'zod';
import { padded } from '../domain/events/keys';
import type { Table } from './storage-port';
import { fromColumns } from './columns';

export type DuePlace = { partition: string; key: string };

/** A row whose time has come, and the event that is to be looked at. */
export type DueRow = DuePlace & { eventHash: string };

export type Due = ReturnType<typeof createDue>;

const Watched = z.object({ eventHash: z.string() });
const PAGE = 100;

/** A row for every event that still has something to happen, filed under the time at which to look at it. */
export function createDue(table: Table) {
  return {
    /**
     * `lookAt`: ISO 8601. Doing it twice with the same values changes nothing. Who may have to take the row back while
     * others watch the same event names itself as `owner`, so that nobody's row is taken for another's.
     */
    watch: async (eventHash: string, lookAt: string, owner = ''): Promise<DuePlace> => {
      const place = placeOf(eventHash, lookAt, owner);
      await table.insert(place.partition, place.key, { eventHash, lookAt });
      return place;
    },
    forget: ({ partition, key }: DuePlace): Promise<void> => table.remove(partition, key),

    /** The rows of one shard whose time has come by `now` (ISO 8601), longest due first; read page by page. */
    ready: async function* (shard: string, now: string): AsyncGenerator<DueRow> {
      const below = timeKey(now);
      for (let from = ''; ;) {
        const range = { below, atMost: PAGE, ...(from && { from }) };
        const page = await table.list(shard, range);
        for (const { partition, key, columns } of page)
          yield { partition, key, ...fromColumns(Watched, columns) };
        const last = page.at(-1);
        if (!last || page.length < PAGE) return;
        // The least key behind that row: what is still due and was looked at does not come again.
        from = `${last.key}-`;
      }
    },
  };
}

/** Sixteen shards share the load of a busy hour. */
export const shards = Array.from({ length: 16 }, (_, shard) => `shard-${shard.toString(16)}`);

export const placeOf = (eventHash: string, lookAt: string, owner = ''): DuePlace => ({
  partition: `shard-${eventHash.slice(0, 1)}`,
  key: `${timeKey(lookAt)}-${eventHash}${owner && `-${owner}`}`,
});

const timeKey = (time: string): string => padded(Date.parse(time), 16);
