import { z } from 'zod';
import {
  CatalogRecord,
  PackageRecord,
  type PackageMemory,
  type Slot,
} from '../domain/package-record';
import type { Table } from '../domain/table';
import { fromColumns, toColumns } from './columns';

const CATALOG = 'catalog';
const LEASE = 'lease';

const Lease = z.object({ holder: z.string(), until: z.string() });

export type Packages = ReturnType<typeof createPackages>;

/** What we know of our catalogs and packages in Graph, and the lease under which they are made. */
export function createPackages(table: Table) {
  const load = async (
    catalogKey: string,
    packageKey: string,
  ): Promise<PackageRecord | undefined> => {
    const row = await table.read(catalogKey, packageRow(packageKey));
    return row && fromColumns(PackageRecord, row.columns);
  };

  return {
    load,

    memory: (catalogKey: string, packageKey: string): PackageMemory => ({
      package: slot(table, catalogKey, packageRow(packageKey), PackageRecord),
      catalog: slot(table, catalogKey, CATALOG, CatalogRecord),
      peer: load,
    }),

    /** Takes the catalog for `holder` until `until` (ISO 8601) if it is free, was ours or has run out. */
    lease: async (
      catalogKey: string,
      holder: string,
      until: string,
      now: string,
    ): Promise<boolean> => {
      const row = await table.read(catalogKey, LEASE);
      const held = row ? fromColumns(Lease, row.columns) : undefined;
      if (held && held.holder !== holder && held.until > now) return false;
      const columns = toColumns({ holder, until });
      const saved = row
        ? await table.replace(catalogKey, LEASE, columns, row.etag)
        : await table.insert(catalogKey, LEASE, columns);
      return saved !== undefined;
    },

    /** Lets the next one in at once; if this is lost, the lease runs out by itself. */
    endLease: async (catalogKey: string, holder: string, now: string): Promise<void> => {
      const row = await table.read(catalogKey, LEASE);
      if (!row || fromColumns(Lease, row.columns).holder !== holder) return;
      await table.replace(catalogKey, LEASE, toColumns({ holder, until: now }), row.etag);
    },
  };
}

const packageRow = (packageKey: string): string => `package-${packageKey}`;

/** One row under optimistic concurrency: remembers the ETag between load and save. */
function slot<Schema extends z.ZodType<object>>(
  table: Table,
  partition: string,
  key: string,
  schema: Schema,
): Slot<z.infer<Schema>> {
  let etag: string | undefined;
  return {
    load: async () => {
      const row = await table.read(partition, key);
      etag = row?.etag;
      return row && fromColumns(schema, row.columns);
    },
    save: async (record) => {
      const columns = toColumns(record);
      const saved =
        etag === undefined
          ? await table.insert(partition, key, columns)
          : await table.replace(partition, key, columns, etag);
      if (saved === undefined) return 'conflict';
      etag = saved;
      return 'saved';
    },
  };
}
