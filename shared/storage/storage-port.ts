/** Values that every store keeps exactly. Times are ISO 8601 text, structures are JSON text. */
export type Columns = Readonly<Record<string, string | number | boolean>>;

export type StoredRow = {
  partition: string;
  key: string;
  etag: string;
  columns: Columns;
};

/** One of several writes to a partition: adds the row, or replaces it if its ETag is still `etag`. */
export type Write = { key: string; columns: Columns; etag?: string | undefined };

/**
 * The operations that records and audit need from a table. Every call has a deadline, and throws StoreUnavailable if the
 * store is down, throttles or does not answer in time.
 */
export type Table = {
  read: (partition: string, key: string) => Promise<StoredRow | undefined>;
  /** Adds the row; answers its ETag, or undefined if the key is taken. */
  insert: (partition: string, key: string, columns: Columns) => Promise<string | undefined>;
  /** Replaces the row if its ETag is still `etag`; answers the new ETag, or undefined if another write came first. */
  replace: (
    partition: string,
    key: string,
    columns: Columns,
    etag: string,
  ) => Promise<string | undefined>;
  /**
   * Makes all of these writes (1 to 100) or none, in one transaction. Answers the new ETags in their order, or undefined if
   * another write came first to one of the rows.
   */
  writeAll: (partition: string, writes: readonly Write[]) => Promise<string[] | undefined>;
  /** Removes the row. Succeeds if there is none. */
  remove: (partition: string, key: string) => Promise<void>;
  /** The rows of one partition in key order, from `from` (inclusive) to `below` (exclusive); the first `atMost` (to 1000). */
  list: (
    partition: string,
    range?: { from?: string; below?: string; atMost?: number },
  ) => Promise<StoredRow[]>;
  /**
   * The rows of all partitions, page by page, those of one partition together: with keys from `from` (inclusive) to `below`
   * (exclusive), and of the partitions behind `after` and before `before` (both exclusive). `keysOnly`: without their columns.
   */
  scan: (range: {
    from?: string;
    below?: string;
    after?: string;
    before?: string;
    keysOnly?: boolean;
  }) => AsyncGenerator<StoredRow[]>;
};

/** The audit's view of a table: no operation changes or removes a row. */
export type AppendOnlyTable = Pick<Table, 'read' | 'insert' | 'list'> & {
  writeAll: (
    partition: string,
    writes: readonly Omit<Write, 'etag'>[],
  ) => Promise<string[] | undefined>;
};

/** The store does not answer now. The same call may succeed later. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
  /** The code that the store or the operating system gave. */
  readonly code: string | undefined;
  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** Whether the store refused the call because the caller has no role for it. */
export const isNotAllowed = (error: unknown): boolean =>
  error instanceof StoreUnavailable && error.code?.startsWith('Authorization') === true;
