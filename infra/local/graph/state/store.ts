import { type Change, openJournal } from './journal';
import type { Stamp } from './lag';
import { createTables, type Rows, type TableName, type Tables } from './tables';
import { createTimerHeap } from './timer-heap';

/** A row that is due. */
export type DueRow = { table: TableName; id: string; at: number };

/** All state, in memory and in a journal. `commit` writes the changes since the last one together. */
export type Store = Rewritable & {
  commit: () => void;
  /** Deletes everything and seeds again. */
  reset: () => void;
  close: () => void;
};

/** What the services need of the store. */
export type Rewritable = {
  readonly tables: Tables;
  now: () => number;
  put: <Name extends TableName>(table: Name, row: Rows[Name]) => void;
  remove: (table: TableName, id: string) => void;
};

export type StoreOptions = {
  folder: string;
  /** Every replica has every write after this time. */
  lagMs: () => number;
  /** Writes the content of the tenant file, which is read at each start and therefore not in the journal. */
  seed: (into: Rewritable) => void;
  /** Called for each row when its `dueAt` comes. Its changes are committed. */
  onDue: (due: DueRow) => void;
};

/** The stamp of what every replica knows: the tenant file, and what was written before this process. */
const known: Stamp = { at: 0, number: 0 };

export function openStore(options: StoreOptions): Store {
  const journal = openJournal(options.folder);
  const timers = createTimerHeap<Omit<DueRow, 'at'>>((due) => {
    for (const { at, what } of due) options.onDue({ ...what, at });
    commit();
  });
  let tables = createTables();
  let pending: Change[] = [];
  let writes = 0;

  const write = (table: TableName, id: string, row: object | undefined, stamp: Stamp): void => {
    writeRow(tables, table, id, row, stamp);
    const dueAt = (row as { dueAt?: number } | undefined)?.dueAt;
    if (dueAt !== undefined) timers.add(dueAt, { table, id });
  };
  const seed = (): void => {
    const into = rewritable(
      () => tables,
      (table, id, row) => write(table, id, row, known),
    );
    options.seed(into);
  };
  const commit = (): void => {
    for (const table of Object.values(tables)) table.settle(Date.now() - options.lagMs());
    if (pending.length > 0) journal.append(pending);
    pending = [];
  };

  seed();
  for (const [table, id, row] of journal.restored) {
    write(table as TableName, id, row ?? undefined, known);
  }

  const changed = rewritable(
    () => tables,
    (table, id, row) => {
      write(table, id, row, { at: Date.now(), number: (writes += 1) });
      pending.push([table, id, row ?? null]);
    },
  );
  return Object.assign(changed, {
    commit,
    reset: () => {
      timers.clear();
      journal.clear();
      pending = [];
      tables = createTables();
      seed();
    },
    close: () => {
      timers.clear();
      journal.close();
    },
  });
}

function rewritable(
  tables: () => Tables,
  change: (table: TableName, id: string, row?: object) => void,
): Rewritable {
  return {
    get tables() {
      return tables();
    },
    now: () => Date.now(),
    put: (table, row) => change(table, row.id, row),
    remove: (table, id) => change(table, id),
  };
}

/** The compiler cannot tie the name of a table to its rows across the union. `put` and the journal do. */
function writeRow(
  tables: Tables,
  table: TableName,
  id: string,
  row: object | undefined,
  stamp: Stamp,
): void {
  const { write } = tables[table] as {
    write: (id: string, row: object | undefined, stamp: Stamp) => void;
  };
  write(id, row, stamp);
}
