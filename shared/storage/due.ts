import { z } from 'zod';
import { padded } from '../domain/events/keys';
import { fromColumns } from './rows';
import type { Table } from './storage-port';

export type DuePlace = { partition: string; key: string };

/** A row whose time has come, and the event to recover. */
export type DueRow = DuePlace & { eventHash: string };

export type Due = ReturnType<typeof createDue>;

const DueColumns = z.object({ eventHash: z.string() });
const PAGE = 100;

/** One row for every open event, filed under the time of its next check. */
export function createDue(table: Table) {
  return {
    /**
     * Schedules a check of the event at `at` (ISO 8601). Idempotent. `owner` keeps the rows of two callers apart that
     * schedule the same event for the same time: each can cancel its own.
     */
    schedule: async (eventHash: string, at: string, owner = ''): Promise<DuePlace> => {
      const place = placeOf(eventHash, at, owner);
      await table.insert(place.partition, place.key, { eventHash, scheduledFor: at });
      return place;
    },

    cancel: ({ partition, key }: DuePlace): Promise<void> => table.remove(partition, key),

    /** The rows of one shard that are due at `now` (ISO 8601), the oldest first; read page by page. */
    ready: async function* (shard: string, now: string): AsyncGenerator<DueRow> {
      const below = timeKey(now);
      for (let from = ''; ;) {
        const range = { below, atMost: PAGE, ...(from && { from }) };
        const page = await table.list(shard, range);
        for (const { partition, key, columns } of page)
          yield { partition, key, ...fromColumns(DueColumns, columns) };
        const last = page.at(-1);
        if (!last || page.length < PAGE) return;
        // The lowest key after that row, so that a row that is still due comes only once.
        from = `${last.key}-`;
      }
    },
  };
}

/** Sixteen partitions share the load of a busy hour. */
export const shards = Array.from({ length: 16 }, (_, shard) => `shard-${shard.toString(16)}`);

export const placeOf = (eventHash: string, at: string, owner = ''): DuePlace => ({
  partition: `shard-${eventHash.slice(0, 1)}`,
  key: `${timeKey(at)}-${eventHash}${owner && `-${owner}`}`,
});

const timeKey = (time: string): string => padded(Date.parse(time), 16);
