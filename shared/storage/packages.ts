import { z } from 'zod';
import { CatalogRecord, PackageRecord, type PackageMemory, type Slot } from './package-record';
import type { Table } from './storage-port';
import { fromColumns, toColumns } from './rows';

const CATALOG = 'catalog';
const LEASE = 'lease';

const LeaseRow = z.object({ holder: z.string(), until: z.string() });

/** A catalog that is ours until its time is over. */
export type Lease = {
  /**
   * Makes it last until `until` (ISO 8601), also after it ran out. False if anybody took the catalog since, be it the same
   * holder in another execution: what was seen there before may be wrong by now.
   */
  renew: (until: string) => Promise<boolean>;
  /** Lets the next one in at once; if this is lost, the lease runs out by itself. */
  end: (now: string) => Promise<void>;
};

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
    ): Promise<Lease | undefined> => {
      const row = await table.read(catalogKey, LEASE);
      const held = row ? fromColumns(LeaseRow, row.columns) : undefined;
      if (held && held.holder !== holder && held.until > now) return undefined;
      const columns = toColumns({ holder, until });
      const etag = row
        ? await table.replace(catalogKey, LEASE, columns, row.etag)
        : await table.insert(catalogKey, LEASE, columns);
      return etag === undefined ? undefined : leaseOf(table, catalogKey, holder, etag);
    },
  };
}

/** Goes by the ETag under which the row was taken, so that it changes nothing once somebody else has. */
function leaseOf(table: Table, catalogKey: string, holder: string, taken: string): Lease {
  let etag = taken;
  const last = async (until: string): Promise<boolean> => {
    const saved = await table.replace(catalogKey, LEASE, toColumns({ holder, until }), etag);
    etag = saved ?? etag;
    return saved !== undefined;
  };
  return {
    renew: last,
    end: async (now) => {
      await last(now);
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
