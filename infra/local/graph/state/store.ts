import { createTimerHeap } from '../timer-heap';
import { openJournal, type Change } from './journal';
import type { Stamp } from './lag';
import { createTables, type Rows, type TableName, type Tables } from './tables';

/** A row whose time has come, named by its table. */
export type DueRow = { table: TableName; id: string; at: number };

/** All state, kept in memory and in a journal. Changes are kept together until `commit` and then written as one. */
export type Store = {
  readonly tables: Tables;
  now: () => number;
  put: <Name extends TableName>(table: Name, row: Rows[Name]) => void;
  remove: (table: TableName, id: string) => void;
  commit: () => void;
  /** Forgets everything and seeds again. */
  reset: () => void;
  close: () => void;
};

/** What acts on the tenant need of the store. */
export type Rewritable = Pick<Store, 'tables' | 'now' | 'put' | 'remove'>;

export type StoreOptions = {
  folder: string;
  /** After so long every replica has every write. */
  lagMs: number;
  /** Writes what the tenant file holds; it is read anew at each start, hence not journalled. */
  seed: (into: Rewritable) => void;
  /** Called for each row with a `dueAt` when that instant comes; what it changes is committed. */
  onDue: (due: DueRow) => void;
};

export function openStore(options: StoreOptions): Store {
  const journal = openJournal(options.folder);
  let tables = createTables();
  let pending: Change[] = [];
  let writes = 0;
  const timers = createTimerHeap<Omit<DueRow, 'at'>>((due) => {
    for (const { at, what } of due) options.onDue({ ...what, at });
    commit();
  });

  const write = (table: TableName, id: string, row: object | undefined, stamp: Stamp): void => {
    // The compiler cannot tie a name to the row of its table across the union; `put` and the journal do.
    (tables[table] as { write: (id: string, row: object | undefined, stamp: Stamp) => void }).write(
      id,
      row,
      stamp,
    );
    const dueAt = (row as { dueAt?: number } | undefined)?.dueAt;
    if (dueAt !== undefined) timers.add(dueAt, { table, id });
  };
  const settled = { at: 0, number: 0 };
  const rewritable = (
    change: (table: TableName, id: string, row?: object) => void,
  ): Rewritable => ({
    get tables() {
      return tables;
    },
    now: () => Date.now(),
    put: (table, row) => change(table, row.id, row),
    remove: (table, id) => change(table, id),
  });
  const load = (): void => {
    options.seed(rewritable((table, id, row) => write(table, id, row, settled)));
  };
  const commit = (): void => {
    const before = Date.now() - options.lagMs;
    for (const table of Object.values(tables)) table.settle(before);
    if (pending.length === 0) return;
    journal.append(pending);
    pending = [];
  };
  const changes = rewritable((table, id, row) => {
    write(table, id, row, { at: Date.now(), number: (writes += 1) });
    pending.push([table, id, row ?? null]);
  });

  load();
  for (const [table, id, row] of journal.restored) {
    write(table as TableName, id, row ?? undefined, settled);
  }

  return {
    get tables() {
      return tables;
    },
    now: changes.now,
    put: changes.put,
    remove: changes.remove,
    commit,
    reset: () => {
      timers.clear();
      journal.clear();
      pending = [];
      tables = createTables();
      load();
    },
    close: () => {
      timers.clear();
      journal.close();
    },
  };
}
