import type { Reading, Stamp, View } from './lag';

type Version<Row> = Stamp & { row: Row | undefined; before: Version<Row> | undefined };
type Entry<Row> = { id: string; order: number; latest: Version<Row> };

/** A row with its place in the order of creation, which paging continues from. */
export type Placed<Row> = { row: Row; order: number };

/**
 * Versioned rows. A version that a replica may not know yet keeps the one before it. Reads without a view see the latest
 * version, which decides on uniqueness and conflicts. Reads with a view see what its replica knows.
 */
export type Table<Row> = {
  get: (id: string, view?: View) => Row | undefined;
  /** The rows whose index has this key, in the order of creation. */
  find: (index: string, key: string, view?: View) => Placed<Row>[];
  all: (view?: View) => Placed<Row>[];
  /** Without a row: removes it. */
  write: (id: string, row: Row | undefined, stamp: Stamp) => void;
  /** Drops the versions that no replica shows any more. */
  settle: (before: number) => void;
  size: () => number;
};

/** The keys of a row, by index. */
export type Indexes<Row> = Record<string, (row: Row) => readonly string[]>;

export function createTable<Row>(indexes: Indexes<Row> = {}): Table<Row> {
  const entries = new Map<string, Entry<Row>>();
  const index = createIndex(indexes);
  const unsettled = createQueue<{ entry: Entry<Row>; version: Version<Row> }>();
  let created = 0;
  return {
    get: (id, view) => {
      const entry = entries.get(id);
      return entry === undefined ? undefined : visible(entry, view, 'one');
    },
    find: (name, key, view) => placed(index.find(name, key), view),
    all: (view) => placed(entries.values(), view),
    write: (id, row, stamp) => {
      const known = entries.get(id);
      const version = { ...stamp, row, before: known?.latest };
      const entry = known ?? { id, order: (created += 1), latest: version };
      entry.latest = version;
      entries.set(id, entry);
      index.add(entry, row);
      unsettled.push({ entry, version });
    },
    settle: (before) => {
      for (const { entry, version } of unsettled.takeWhile((next) => next.version.at <= before)) {
        const forgotten = version.before?.row;
        version.before = undefined;
        index.drop(entry, forgotten);
        if (version.row === undefined && entry.latest === version) entries.delete(entry.id);
      }
    },
    size: () => entries.size,
  };
}

function visible<Row>(
  entry: Entry<Row>,
  view: View | undefined,
  reading: Reading,
): Row | undefined {
  let version: Version<Row> | undefined = entry.latest;
  while (view !== undefined && version !== undefined && !view.sees(version, reading)) {
    version = version.before;
  }
  return version?.row;
}

function placed<Row>(found: Iterable<Entry<Row>>, view: View | undefined): Placed<Row>[] {
  const rows: Placed<Row>[] = [];
  for (const entry of found) {
    const row = visible(entry, view, 'many');
    if (row !== undefined) rows.push({ row, order: entry.order });
  }
  return rows.sort((one, other) => one.order - other.order);
}

/** Finds entries by key. An entry keeps the keys of every version that a replica may still show. */
function createIndex<Row>(indexes: Indexes<Row>) {
  const keyed = new Map<string, Map<string, Entry<Row>>>();
  const keysOf = (row: Row | undefined): string[] =>
    row === undefined
      ? []
      : Object.entries(indexes).flatMap(([name, keys]) => keys(row).map((key) => at(name, key)));
  return {
    find: (name: string, key: string): Iterable<Entry<Row>> =>
      keyed.get(at(name, key))?.values() ?? [],
    add: (entry: Entry<Row>, row: Row | undefined): void => {
      for (const key of keysOf(row)) {
        const found = keyed.get(key) ?? new Map<string, Entry<Row>>();
        keyed.set(key, found.set(entry.id, entry));
      }
    },
    drop: (entry: Entry<Row>, forgotten: Row | undefined): void => {
      const kept = new Set<string>();
      for (let next: Version<Row> | undefined = entry.latest; next; next = next.before) {
        for (const key of keysOf(next.row)) kept.add(key);
      }
      for (const key of keysOf(forgotten)) if (!kept.has(key)) keyed.get(key)?.delete(entry.id);
    },
  };
}

const at = (name: string, key: string): string => `${name}\n${key}`;

/** First in, first out, without moving the rest on each step. */
function createQueue<Item>() {
  let items: Item[] = [];
  let taken = 0;
  return {
    push: (item: Item): void => {
      items.push(item);
    },
    takeWhile: function* (due: (item: Item) => boolean): Generator<Item> {
      for (let next = items[taken]; next !== undefined && due(next); next = items[taken]) {
        taken += 1;
        yield next;
      }
      if (taken > 1000) {
        items = items.slice(taken);
        taken = 0;
      }
    },
  };
}
