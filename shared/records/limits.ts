import { z } from 'zod';
import { StoreUnavailable, type Table } from '../domain/table';
import { fromColumns, toColumns } from './columns';
import { createRowUpdater } from './update-row';

const PARTITION = 'tenant';
const ROW = 'throttledUntil';
const Throttled = z.object({ until: z.iso.datetime() });

const REREAD_MS = 5_000;
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
      const row = await table.read(PARTITION, ROW);
      if (row) until = Math.max(until, timeOf(row.columns));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    } finally {
      freshUntil = Math.max(Date.now() + rereadMs, until);
      reading = undefined;
    }
  };

  return {
    /** Milliseconds until calls are welcome again; 0 if they are now. */
    waitMs: async (): Promise<number> => {
      if (Date.now() >= freshUntil) await (reading ??= read());
      return Math.max(until - Date.now(), 0);
    },

    /** Tells everybody to wait for so many milliseconds from now. */
    learn: async (ms: number): Promise<void> => {
      const later = Date.now() + ms;
      if (later < until + NEWS_MS) return;
      until = later;
      freshUntil = Math.max(freshUntil, later);
      const told = toColumns({ until: new Date(later).toISOString() });
      try {
        await updateRow(PARTITION, ROW, (row) => (row && timeOf(row) >= later ? undefined : told));
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
    },
  };
}

const timeOf = (columns: Parameters<typeof fromColumns>[1]): number =>
  Date.parse(fromColumns(Throttled, columns).until);
