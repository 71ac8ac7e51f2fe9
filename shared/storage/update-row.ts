import type { Columns, Table } from './storage-port';

/** Rows that one process remembers; those of some thousand runs. The oldest are forgotten first. */
const REMEMBERED = 8192;

/**
 * What the row is to become, given what it is; undefined leaves it. May be asked several times, and what it says of a
 * row that it leaves counts only when it says so last.
 */
export type Change = (
  columns: Columns | undefined,
) => Columns | undefined | Promise<Columns | undefined>;

export type RowUpdater = (
  partition: string,
  key: string,
  change: Change,
) => Promise<{ columns: Columns; etag: string } | undefined>;

/**
 * Changes a row under its ETag, and looks again whenever somebody was faster. The first try takes the row as this process
 * left it, which saves a read where nobody else writes; a wrong memory costs one refused write and decides nothing.
 * Answers the row as it is then, undefined if there is none.
 */
export function createRowUpdater(table: Table): RowUpdater {
  const known = new Map<string, { columns: Columns; etag: string }>();
  const remember = (id: string, row: { columns: Columns; etag: string }) => {
    known.delete(id);
    known.set(id, row);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return row;
  };

  return async (partition, key, change) => {
    const id = `${partition}/${key}`;
    const write = async (columns: Columns | undefined, etag: string | undefined) => {
      if (!columns) return undefined;
      const saved =
        etag === undefined
          ? await table.insert(partition, key, columns)
          : await table.replace(partition, key, columns, etag);
      return saved === undefined ? undefined : remember(id, { columns, etag: saved });
    };

    const guess = known.get(id);
    const guessed = await write(await change(guess?.columns), guess?.etag);
    if (guessed) return guessed;
    for (;;) {
      const row = await table.read(partition, key);
      const columns = await change(row?.columns);
      if (!columns) return row && remember(id, { columns: row.columns, etag: row.etag });
      const written = await write(columns, row?.etag);
      if (written) return written;
    }
  };
}
