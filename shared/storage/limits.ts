import { z } from 'zod';
import { HEED_MS, withDeadline } from '../deadline';
import { StoreUnavailable, type Columns, type Table } from './storage-port';
import { toColumns } from './columns';
import { createRowUpdater } from './update-row';

const PARTITION = 'tenant';
const ROW = 'throttledUntil';
const Throttled = z.object({ until: z.iso.datetime() });

const REREAD_MS = 5_000;
/** What only advises must not hold up a call for long. */
const ADVICE_MS = 2_000;
/**
 * One answer holds everybody up for so long at most: the windows that Graph publishes are 150 seconds and shorter, and a
 * longer wait is that of one resource, or a mistake. Whoever was told of it waits it out alone; the others ask again.
 * Source: https://learn.microsoft.com/graph/throttling-limits
 */
const LONGEST_MS = 300_000;
/** How far the clocks of two processes may be apart. A time beyond it is of a clock that is wrong, and counts for nothing. */
const SKEW_MS = 60_000;

/** A time that is later by less than this is no news: many calls hear of one throttling at once. */
const NEWS_MS = 1_000;

/**
 * Until when the tenant is throttled, as one row for all processes: read at most every `rereadMs`, by one reader, and
 * written only by whoever learns of a later time. A store that is away is no reason not to call, since Graph itself says
 * when it is too much: then each process goes by what it has heard.
 */
export function createLimits(table: Table, rereadMs = REREAD_MS) {
  const updateRow = createRowUpdater(table);
  let until = 0;
  let freshUntil = 0;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    try {
      const row = await ifThere(() => table.read(PARTITION, ROW));
      if (row) until = Math.max(until, timeOf(row.columns));
    } finally {
      freshUntil = Math.max(Date.now() + rereadMs, until);
      reading = undefined;
    }
  };

  return {
    withinMs: ADVICE_MS + HEED_MS,

    /** Milliseconds until calls are welcome again; 0 if they are now. */
    waitMs: async (): Promise<number> => {
      if (Date.now() >= freshUntil) await (reading ??= read());
      return Math.max(until - Date.now(), 0);
    },

    /** Tells everybody to wait for so many milliseconds from now, at most five minutes. */
    learn: async (ms: number): Promise<void> => {
      const later = Date.now() + Math.min(ms, LONGEST_MS);
      if (later < until + NEWS_MS) return;
      until = later;
      freshUntil = Math.max(freshUntil, later);
      const told = toColumns({ until: new Date(later).toISOString() });
      await ifThere(() =>
        updateRow(PARTITION, ROW, (row) => (row && timeOf(row) >= later ? undefined : told)),
      );
    },
  };
}

/** What the store answers in time; undefined where it is away. */
async function ifThere<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await withDeadline(ADVICE_MS, ask);
  } catch (error) {
    if (error instanceof StoreUnavailable || (error as Error).name === 'TimeoutError')
      return undefined;
    throw error;
  }
}

/** 0 where the row says nothing of use: it only advises, so the next who learns of a time writes over it. */
function timeOf(columns: Columns): number {
  const time = Date.parse(Throttled.safeParse(columns).data?.until ?? '') || 0;
  return time > Date.now() + LONGEST_MS + SKEW_MS ? 0 : time;
}
