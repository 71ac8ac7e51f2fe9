import { type Change, openJournal } from './journal';
import type { Stamp } from './lag';
import { createTables, type Rows, type TableName, type Tables } from './tables';
import { createTimerHeap } from './timer-heap';

/** A row whose time has come, named by its table. */
export type DueRow = { table: TableName; id: string; at: number };

/** All state, kept in memory and in a journal. Changes are kept together until `commit` and then written as one. */
export type Store = Rewritable & {
  commit: () => void;
  /** Forgets everything and seeds again. */
  reset: () => void;
  close: () => void;
};

/** What acts on the tenant need of the store. */
export type Rewritable = {
  readonly tables: Tables;
  now: () => number;
  put: <Name extends TableName>(table: Name, row: Rows[Name]) => void;
  remove: (table: TableName, id: string) => void;
};

export type StoreOptions = {
  folder: string;
  /** After so long every replica has every write. */
  lagMs: number;
  /** Writes what the tenant file holds; it is read anew at each start, hence not journalled. */
  seed: (into: Rewritable) => void;
  /** Called for each row with a `dueAt` when that instant comes; what it changes is committed. */
  onDue: (due: DueRow) => void;
};

/** What every replica has known for ever: the tenant file, and what was there before this process. */
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
    for (const table of Object.values(tables)) table.settle(Date.now() - options.lagMs);
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

/** The compiler cannot tie a name to the rows of its table across the union; `put` and the journal do. */
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
