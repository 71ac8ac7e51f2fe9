import type { z } from 'zod';
import type { Columns, Table, Write } from './storage-port';

/**
 * A record as table columns: scalars as they are, everything else as JSON text, absent members left out. A string that
 * looks like that JSON text (an id may be `json:1`) is stored as JSON text too, so that it is read back unchanged.
 */
export function toColumns(record: object): Columns {
  const cells = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    cells.flatMap(([name, value]) =>
      isPlain(value) ? [[name, value]] : inPieces(name, JSON_MARK + JSON.stringify(value)),
    ),
  );
}

/** The record that `toColumns` wrote. Throws a ZodError on a row that does not match the schema. */
export function fromColumns<Schema extends z.ZodType>(
  schema: Schema,
  columns: Columns,
): z.infer<Schema> {
  const cells = Object.entries(columns).filter(([name]) => !isContinuation(columns, name));
  return schema.parse(
    Object.fromEntries(
      cells.map(([name, value]) => [
        name,
        isMarked(value) ? JSON.parse(wholeOf(columns, name, value).slice(JSON_MARK.length)) : value,
      ]),
    ),
  );
}

const JSON_MARK = 'json:';

/** The service takes 64 KiB of UTF-16 in one column. */
const LONGEST_TEXT = 32_768;

/** A longer JSON text goes on in the columns `<name>_2`, `<name>_3`: no record has members of such names. */
const nameOf = (name: string, piece: number): string => (piece === 1 ? name : `${name}_${piece}`);

function inPieces(name: string, text: string): [string, string][] {
  const pieces: [string, string][] = [];
  for (let at = 0; at < text.length;) {
    const end = at + LONGEST_TEXT;
    // Half a surrogate pair is no text that the service takes.
    const isCut = /[\ud800-\udbff]/.test(text.charAt(end - 1)) && end < text.length;
    const piece = text.slice(at, isCut ? end - 1 : end);
    pieces.push([nameOf(name, pieces.length + 1), piece]);
    at += piece.length;
  }
  return pieces;
}

function wholeOf(columns: Columns, name: string, first: string): string {
  let text = first;
  for (let piece = 2; ; piece += 1) {
    const more = columns[nameOf(name, piece)];
    if (typeof more !== 'string') return text;
    text += more;
  }
}

function isContinuation(columns: Columns, name: string): boolean {
  const [, first] = /^(.+)_\d+$/.exec(name) ?? [];
  return first !== undefined && isMarked(columns[first]);
}

const isMarked = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(JSON_MARK);

const isPlain = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value) && !isMarked(value);

/** What one memory may take, in bytes, approximately: about three thousand rows. The oldest are dropped first. */
const MOST_BYTES = 4 * 1024 * 1024;
/** What an entry takes beside its id and its text. */
const ENTRY_BYTES = 100;

/**
 * The row's new columns, given its current ones; undefined leaves the row as it is. May be called several times for one
 * update: only its last call counts.
 */
export type Change = (
  columns: Columns | undefined,
) => Columns | undefined | Promise<Columns | undefined>;

/** `beside`: what became of the writes beside it: their new ETags, if the row was changed. */
type UpdatedRow = { columns: Columns; etag: string; beside?: string[] | 'conflict' };

type UpdateRow = (
  partition: string,
  key: string,
  change: Change,
  /** Other rows of the partition, which are written in the same transaction as the row, or not at all. */
  beside?: readonly Write[],
) => Promise<UpdatedRow | undefined>;

export type RowUpdater = UpdateRow & {
  /** Drops what is remembered of a row that is not expected to be changed soon. */
  forget: (partition: string, key: string) => void;
};

/**
 * Changes a row under its ETag, and reads it again after every conflict. The first try assumes that the row is as this
 * process left it, which saves a read where no other process writes; an outdated memory costs one refused write.
 * Answers the row after the update, undefined if there is none. `isFinal`: what is written as such is hardly ever changed
 * again, and not remembered.
 */
export function createRowUpdater(
  table: Table,
  isFinal: (columns: Columns) => boolean = () => false,
): RowUpdater {
  const known = createMemory<{ columns: Columns; etag: string }>();
  const idOf = (partition: string, key: string): string => `${partition}/${key}`;

  const update: UpdateRow = async (partition, key, change, beside = []) => {
    const id = idOf(partition, key);
    const save = async (
      columns: Columns,
      etag: string | undefined,
    ): Promise<string[] | undefined> => {
      if (beside.length > 0) return table.writeAll(partition, [{ key, columns, etag }, ...beside]);
      const saved =
        etag === undefined
          ? await table.insert(partition, key, columns)
          : await table.replace(partition, key, columns, etag);
      return saved === undefined ? undefined : [saved];
    };
    const write = async (
      columns: Columns | undefined,
      before: string | undefined,
    ): Promise<UpdatedRow | undefined> => {
      if (!columns) return undefined;
      const [etag, ...others] = (await save(columns, before)) ?? [];
      if (etag === undefined) return undefined;
      if (isFinal(columns)) known.forget(id);
      else known.set(id, { columns, etag });
      return { columns, etag, beside: others };
    };

    const guess = known.get(id);
    const guessed = await write(await change(guess?.columns), guess?.etag);
    if (guessed) return guessed;
    for (let refused: string | undefined; ;) {
      const row = await table.read(partition, key);
      // The row is as it was when the transaction was refused, so another one was changed.
      if (row && row.etag === refused) return { ...row, beside: 'conflict' };
      const columns = await change(row?.columns);
      if (!columns) {
        if (row) known.set(id, row);
        return row;
      }
      const written = await write(columns, row?.etag);
      if (written) return written;
      if (beside.length > 0) refused = row?.etag;
    }
  };
  return Object.assign(update, {
    forget: (partition: string, key: string): void => known.forget(idOf(partition, key)),
  });
}

/**
 * What a process remembers, by key: the latest, up to so many bytes. A value is kept as one JSON text: its strings may
 * be parts of larger ones, like the answer that they came in, which would be kept as well.
 */
export function createMemory<Value>() {
  const known = new Map<string, string>();
  let bytes = 0;
  const sizeOf = (id: string, text: string): number => id.length + text.length + ENTRY_BYTES;
  const forget = (id: string): void => {
    const text = known.get(id);
    if (text === undefined) return;
    bytes -= sizeOf(id, text);
    known.delete(id);
  };
  return {
    get: (id: string): Value | undefined => {
      const text = known.get(id);
      return text === undefined ? undefined : (JSON.parse(text) as Value);
    },
    set: (id: string, value: Value): void => {
      forget(id);
      const text = flat(JSON.stringify(value));
      known.set(id, text);
      bytes += sizeOf(id, text);
      for (const oldest of known.keys()) {
        if (bytes <= MOST_BYTES) return;
        forget(oldest);
      }
    },
    forget,
  };
}

/** The same text in one piece: V8 makes a long one of pieces, each of which takes memory of its own. */
const flat = (text: string): string => Buffer.from(text).toString();
