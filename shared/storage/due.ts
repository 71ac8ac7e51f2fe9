import { z } from 'zod';
import { jsonHash, padded } from '../domain/events/keys';
import { Holding } from './holdings';
import { fromColumns, toColumns } from './rows';
import type { Table } from './storage-port';

export const DuePlace = z.object({ partition: z.string(), key: z.string() });
export type DuePlace = z.infer<typeof DuePlace>;

/** An open event, to be recovered if it does not go on. */
const EventTask = z.object({ kind: z.literal('event'), eventHash: z.string() });

/** The next instant at which the plan of a person changes. */
const WakeTask = z.object({ kind: z.literal('wake'), personId: z.string(), at: z.string() });

/** A request that was open when its run closed: `requestRun`, which wrote it last at `since`. `needsApproval`: a person decides about it. */
export const RequestTask = z.object({
  kind: z.literal('request'),
  ...{ personId: z.string(), targetId: z.string(), packageKey: z.string(), requestId: z.string() },
  ...{ action: Holding.shape.action, requestRun: z.string(), since: z.string() },
  needsApproval: z.boolean(),
});
const DueTask = z.discriminatedUnion('kind', [EventTask, WakeTask, RequestTask]);
export type EventTask = z.infer<typeof EventTask>;
export type WakeTask = z.infer<typeof WakeTask>;
export type RequestTask = z.infer<typeof RequestTask>;

/** A row whose time has come, and what is to be done then. */
export type DueRow<Task = z.infer<typeof DueTask>> = DuePlace & Task;

export type Due = ReturnType<typeof createDue>;

const PAGE = 100;

/** One row for every open event, every person whose plan changes later, and every request that outlived its run, by its time. */
export function createDue(table: Table) {
  return {
    /**
     * Schedules a check of the event at `at` (ISO 8601). Idempotent. `owner` keeps the rows of two callers apart that
     * schedule the same event for the same time: each can cancel its own.
     */
    schedule: async (eventHash: string, at: string, owner = ''): Promise<DuePlace> => {
      const place = placeOf(eventHash, at, owner);
      await table.insert(place.partition, place.key, {
        kind: 'event',
        eventHash,
        scheduledFor: at,
      });
      return place;
    },

    /** Adds a task for `at` (ISO 8601), once. */
    add: async (task: WakeTask | RequestTask, at: string): Promise<DuePlace> => {
      const place = placeOfTask(task, at);
      await table.insert(place.partition, place.key, toColumns({ ...task, scheduledFor: at }));
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
          yield { partition, key, ...fromColumns(DueTask, { kind: 'event', ...columns }) };
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

/** A person has one wake-up, and a request one check, at one time. */
export function placeOfTask(task: WakeTask | RequestTask, at: string): DuePlace {
  const about = task.kind === 'wake' ? [task.personId] : [task.personId, task.requestId];
  return placeOf(jsonHash([task.kind, ...about]), at, task.kind);
}

const timeKey = (time: string): string => padded(Date.parse(time), 16);
