import { z } from 'zod';
import { HEED_MS, withDeadline } from '../deadline';
import { StoreUnavailable, type Columns, type Table } from './storage-port';
import { toColumns, createRowUpdater } from './rows';

const PARTITION = 'tenant';
const ROW = 'throttledUntil';
const Throttled = z.object({ until: z.iso.datetime() });

const REREAD_MS = 5_000;
/** The row only advises, so reading it must not delay a call for long. */
export const ADVICE_MS = 2_000;
/**
 * One answer delays all processes for at most this long. The windows that Graph publishes are 150 seconds or shorter; a
 * longer wait concerns one resource, or is a mistake. The call that got the answer waits it out; the others call again.
 * Source: https://learn.microsoft.com/graph/throttling-limits
 */
const LONGEST_MS = 300_000;
/** How far the clocks of two processes may differ. A time further ahead comes from a wrong clock and is ignored. */
const SKEW_MS = 60_000;

/** A time that is later by less than this is not written: many calls learn of one throttling at once. */
const MIN_CHANGE_MS = 1_000;

/**
 * Until when the tenant is throttled, as one row for all processes. Each process reads it at most every `rereadMs`, and
 * writes it only when it learns of a later time. If the store is unavailable, each process uses the time that it knows:
 * Graph itself refuses a call that is too early.
 */
export function createLimits(table: Table, rereadMs = REREAD_MS) {
  const updateRow = createRowUpdater(table);
  let until = 0;
  let freshUntil = 0;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    try {
      const row = await ifAvailable(() => table.read(PARTITION, ROW));
      if (row) until = Math.max(until, timeOf(row.columns));
    } finally {
      freshUntil = Math.max(Date.now() + rereadMs, until);
      reading = undefined;
    }
  };

  return {
    withinMs: ADVICE_MS + HEED_MS,

    /** Milliseconds until calls may be made again; 0 if they may be made now. */
    waitMs: async (): Promise<number> => {
      if (Date.now() >= freshUntil) await (reading ??= read());
      return Math.max(until - Date.now(), 0);
    },

    /** Makes all processes wait for so many milliseconds from now, at most five minutes. */
    learn: async (ms: number): Promise<void> => {
      const later = Date.now() + Math.min(ms, LONGEST_MS);
      if (later < until + MIN_CHANGE_MS) return;
      until = later;
      freshUntil = Math.max(freshUntil, later);
      const columns = toColumns({ until: new Date(later).toISOString() });
      await ifAvailable(() =>
        updateRow(PARTITION, ROW, (row) => (row && timeOf(row) >= later ? undefined : columns)),
      );
    },
  };
}

/** What the store answers in time; undefined if it is unavailable. */
export async function ifAvailable<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await withDeadline(ADVICE_MS, ask);
  } catch (error) {
    if (error instanceof StoreUnavailable || (error as Error).name === 'TimeoutError')
      return undefined;
    throw error;
  }
}

/** 0 if the row cannot be used: it only advises, and the next write replaces it. */
function timeOf(columns: Columns): number {
  const time = Date.parse(Throttled.safeParse(columns).data?.until ?? '') || 0;
  return time > Date.now() + LONGEST_MS + SKEW_MS ? 0 : time;
}
