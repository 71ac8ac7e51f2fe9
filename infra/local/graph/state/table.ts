import type { Reading, Stamp, View } from './lag';

type Version<Row> = Stamp & { row: Row | undefined; before: Version<Row> | undefined };
type Entry<Row> = { id: string; order: number; latest: Version<Row> };

/** A row together with its place in the order of creation, which paging continues from. */
export type Placed<Row> = { row: Row; order: number };

/**
 * Rows with a short memory: a version that a replica may not have heard of yet keeps the one before it. Reads without a
 * view see the truth (uniqueness and conflicts are decided on it); reads with a view see what its replica knows.
 */
export type Table<Row> = {
  get: (id: string, view?: View) => Row | undefined;
  /** The rows whose index has this key, in the order of creation. */
  find: (index: string, key: string, view?: View) => Placed<Row>[];
  all: (view?: View) => Placed<Row>[];
  write: (id: string, row: Row | undefined, stamp: Stamp) => void;
  /** Forgets what every replica has moved on from. */
  settle: (before: number) => void;
  size: () => number;
};

export type Indexes<Row> = Record<string, (row: Row) => readonly string[]>;

export function createTable<Row>(indexes: Indexes<Row> = {}): Table<Row> {
  const entries = new Map<string, Entry<Row>>();
  const keyed = new Map<string, Map<string, Entry<Row>>>();
  const unsettled: { entry: Entry<Row>; version: Version<Row> }[] = [];
  let settled = 0;
  let created = 0;

  const keysOf = (row: Row | undefined): string[] =>
    row === undefined
      ? []
      : Object.entries(indexes).flatMap(([index, keys]) =>
          keys(row).map((key) => `${index}\n${key}`),
        );

  const visible = (
    entry: Entry<Row>,
    view: View | undefined,
    reading: Reading,
  ): Row | undefined => {
    let version: Version<Row> | undefined = entry.latest;
    while (view !== undefined && version !== undefined && !view.sees(version, reading)) {
      version = version.before;
    }
    return version?.row;
  };

  const placed = (found: Iterable<Entry<Row>>, view: View | undefined): Placed<Row>[] => {
    const rows: Placed<Row>[] = [];
    for (const entry of found) {
      const row = visible(entry, view, 'many');
      if (row !== undefined) rows.push({ row, order: entry.order });
    }
    return rows.sort((one, other) => one.order - other.order);
  };

  const unindex = (entry: Entry<Row>, gone: Row | undefined): void => {
    const kept = new Set<string>();
    for (let at: Version<Row> | undefined = entry.latest; at !== undefined; at = at.before) {
      for (const key of keysOf(at.row)) kept.add(key);
    }
    for (const key of keysOf(gone)) if (!kept.has(key)) keyed.get(key)?.delete(entry.id);
  };

  return {
    get: (id, view) => {
      const entry = entries.get(id);
      return entry === undefined ? undefined : visible(entry, view, 'one');
    },
    find: (index, key, view) => placed(keyed.get(`${index}\n${key}`)?.values() ?? [], view),
    all: (view) => placed(entries.values(), view),
    write: (id, row, stamp) => {
      const known = entries.get(id);
      const version = { ...stamp, row, before: known?.latest };
      const entry = known ?? { id, order: (created += 1), latest: version };
      entry.latest = version;
      entries.set(id, entry);
      for (const key of keysOf(row)) {
        const rows = keyed.get(key) ?? new Map<string, Entry<Row>>();
        keyed.set(key, rows.set(id, entry));
      }
      unsettled.push({ entry, version });
    },
    settle: (before) => {
      for (
        let next = unsettled[settled];
        next !== undefined && next.version.at <= before;
        next = unsettled[settled]
      ) {
        settled += 1;
        const { entry, version } = next;
        const gone = version.before?.row;
        version.before = undefined;
        unindex(entry, gone);
        if (version.row === undefined && entry.latest === version) entries.delete(entry.id);
      }
      if (settled > 1000) {
        unsettled.splice(0, settled);
        settled = 0;
      }
    },
    size: () => entries.size,
  };
}
