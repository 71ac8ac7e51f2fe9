import type { Columns, StoredRow, Table } from '../../shared/storage/storage-port';

/** Tables in memory, for thousands of runs over the same rows. Keys are `partition/key`. */
export type MemoryTables = Map<string, Map<string, Columns>>;

export const copyOf = (tables: MemoryTables): MemoryTables =>
  new Map([...tables].map(([name, rows]) => [name, new Map(rows)]));

/** Opens tables by name; of what they do it has what the audit and claims need. */
export function openMemory(tables: MemoryTables): (name: string) => Table {
  return (name) => {
    const rows = tables.get(name) ?? new Map<string, Columns>();
    tables.set(name, rows);
    const stored = (id: string, columns: Columns): StoredRow => {
      const [partition = '', key = ''] = id.split('/');
      return { partition, key, etag: '1', columns };
    };
    const unused = () => Promise.reject(new Error('not in memory'));
    return {
      read: (partition, key) => {
        const columns = rows.get(`${partition}/${key}`);
        return Promise.resolve(columns && stored(`${partition}/${key}`, columns));
      },
      insert: (partition, key, columns) => {
        if (rows.has(`${partition}/${key}`)) return Promise.resolve(undefined);
        rows.set(`${partition}/${key}`, columns);
        return Promise.resolve('1');
      },
      remove: (partition, key) => {
        rows.delete(`${partition}/${key}`);
        return Promise.resolve();
      },
      list: (partition) =>
        Promise.resolve(
          [...rows]
            .filter(([id]) => id.startsWith(`${partition}/`))
            .map(([id, columns]) => stored(id, columns))
            .sort((one, other) => (one.key < other.key ? -1 : 1)),
        ),
      replace: unused,
      writeAll: unused,
      scan: () => {
        throw new Error('not in memory');
      },
    };
  };
}
