import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ifAvailable } from './limits';
import { createRowUpdater, fromColumns, toColumns } from './rows';
import type { Columns, Table } from './storage-port';

const PARTITION = 'instances';
/** Who has not told of itself for so long is not alive, or makes no calls. */
const LIVE_MS = 45_000;
/** What an instance has spent longer ago than this does not count any more. */
const WINDOW_MS = 150_000;
const FORGOTTEN_MS = 600_000;
/** How far the clocks of two instances may differ. What is told of a time further ahead comes from a wrong clock. */
const SKEW_MS = 60_000;

const Row = z.object({
  at: z.iso.datetime(),
  writesLeft: z.number(),
  readFactor: z.number(),
  writeFactor: z.number(),
  slots: z.record(z.string(), z.number()),
});
type Beat = Omit<z.infer<typeof Row>, 'at'>;

/**
 * The live instances, one row for each, which all of them read to know their share of the calls that the deployment may make.
 * A row only advises: while the store is unavailable, each instance goes by what it knows.
 */
export function createInstances(table: Table) {
  const updateRow = createRowUpdater(table);
  const key: string = randomUUID();

  const beat = async (own: Beat) => {
    const now = Date.now();
    const columns = toColumns({ ...own, at: new Date(now).toISOString() });
    await updateRow(PARTITION, key, () => columns);
    const rows = (await table.list(PARTITION))
      .filter((one) => one.key !== key)
      .flatMap(({ key: other, columns: told }) => {
        const row = rowOf(told);
        if (!row) return [];
        const { at, ...rest } = row;
        return [{ key: other, ms: now - Date.parse(at), beat: rest }];
      });
    for (const old of rows.filter(({ ms }) => Math.abs(ms) > FORGOTTEN_MS))
      await table.remove(PARTITION, old.key);
    const [ended] = rows
      .filter(({ ms }) => ms > LIVE_MS && ms < WINDOW_MS)
      .sort((one, other) => one.ms - other.ms);
    return {
      live: rows.filter(({ ms }) => ms <= LIVE_MS && ms >= -SKEW_MS).map((one) => one.beat),
      ...(ended && { ended: { beat: ended.beat, ms: ended.ms } }),
    };
  };

  /** See `Instances` of the rate budget. */
  return { beat: (own: Beat) => ifAvailable(() => beat(own)) };
}

/** Undefined for a row that cannot be read, such as one of another version of the app. */
function rowOf(columns: Columns): z.infer<typeof Row> | undefined {
  try {
    return fromColumns(Row, columns);
  } catch {
    return undefined;
  }
}
