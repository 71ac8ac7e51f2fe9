/** What a row may hold: only what every store keeps exactly. Times are ISO 8601 text, structures are JSON text. */
export type Columns = Readonly<Record<string, string | number | boolean>>;

export type StoredRow = {
  partition: string;
  key: string;
  etag: string;
  columns: Columns;
};

/**
 * The few verbs that records and ledger need of a table. Every call has a deadline; what cannot be decided now (store
 * down, throttled, timed out) is thrown as `StoreUnavailable`.
 */
export type Table = {
  read: (partition: string, key: string) => Promise<StoredRow | undefined>;
  /** Adds the row; answers its ETag, or undefined if the key is taken. */
  insert: (partition: string, key: string, columns: Columns) => Promise<string | undefined>;
  /** Replaces the row if its ETag is still `etag`; answers the new ETag, or undefined if somebody was faster. */
  replace: (
    partition: string,
    key: string,
    columns: Columns,
    etag: string,
  ) => Promise<string | undefined>;
  /** Removes the row; a row that is not there is as good. */
  remove: (partition: string, key: string) => Promise<void>;
  /** The rows of one partition in key order, from `from` (inclusive) to `below` (exclusive); the first `atMost` (to 1000). */
  list: (
    partition: string,
    range?: { from?: string; below?: string; atMost?: number },
  ) => Promise<StoredRow[]>;
};

/** A ledger's view of a table: nothing here can change or remove a row. */
export type AppendOnlyTable = Pick<Table, 'read' | 'insert' | 'list'>;

/** The store cannot answer now; the same call may succeed later. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
  /** The code behind it, as the store or the system has it. */
  readonly code: string | undefined;
  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}
