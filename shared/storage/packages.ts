import { z } from 'zod';
import { jsonHash } from '../domain/events/keys';
import type { Outcome } from '../domain/workflow/outcome';
import { RememberedWrite, type Saved } from '../write-once';
import { fromColumns, toColumns } from './rows';
import type { Table } from './storage-port';

/** The recorded state of a catalog, shared by its packages. */
const CatalogRecord = z.object({
  catalogId: z.string().optional(),
  writes: z.object({ catalog: RememberedWrite.optional() }),
});
export type CatalogRecord = z.infer<typeof CatalogRecord>;

/**
 * The recorded state of an access package: `provisioning` from before its first POST, `complete` once everything in the
 * definition with the hash `version` was read back. `adopted` if it existed and Joinery created no part of it.
 */
const PackageRecord = z.object({
  state: z.enum(['provisioning', 'complete']),
  version: z.string(),
  adopted: z.boolean(),
  catalogId: z.string().optional(),
  accessPackageId: z.string().optional(),
  assignmentPolicyId: z.string().optional(),
  writes: z.object({
    package: RememberedWrite.optional(),
    policy: RememberedWrite.optional(),
  }),
});
export type PackageRecord = z.infer<typeof PackageRecord>;

/**
 * One of the many things in a catalog or a package: a resource, a role scope, an exclusion. Each has a row of its own,
 * because nothing bounds how many there are. `write` is absent if it was surely not made; `failures` counts how often in
 * a row Graph took the write and did not carry it out.
 */
const ItemRecord = z.object({
  item: z.string(),
  write: RememberedWrite.optional(),
  failures: z.number().int().optional(),
});
export type ItemRecord = z.infer<typeof ItemRecord>;

/**
 * One stored row under optimistic concurrency. `save` inserts when `load` found nothing and replaces under the ETag
 * of the last load or save otherwise; `conflict` when another caller wrote in between. Other failures throw.
 */
export type Slot<Row> = {
  load: () => Promise<Row | undefined>;
  save: (row: Row) => Promise<Saved>;
};

/** A row as it was last read or saved. `change` saves some members of it. */
export type RememberedRow<Row> = {
  now: () => Row;
  change: (members: Partial<Row>) => Promise<Saved>;
};

/** Loads a row, or answers `blank`, which is not stored before its first change. */
export async function rememberRow<Row>(slot: Slot<Row>, blank: Row): Promise<RememberedRow<Row>> {
  let row = (await slot.load()) ?? blank;
  return {
    now: () => row,
    change: (members) => {
      row = { ...row, ...members };
      return slot.save(row);
    },
  };
}

/** The records of one package, its catalog and, read-only, the packages that it is incompatible with. */
export type PackageMemory = {
  package: Slot<PackageRecord>;
  catalog: Slot<CatalogRecord>;
  /** By Graph's id of the catalog or package that it belongs to: what is created in its place has no past. */
  item: (parentId: string, name: string) => Slot<ItemRecord>;
  peer: (catalogKey: string, packageKey: string) => Promise<PackageRecord | undefined>;
};

/** How long a process trusts that a package which was complete still is. */
export const COMPLETE_FOR_MS = 60_000;

const CATALOG = 'catalog';
const LEASE = 'lease';

const LeaseRow = z.object({ holder: z.string(), until: z.string() });

/** A lease on a catalog: only its holder writes to the catalog until the lease ends. */
export type Lease = {
  /**
   * Extends it to `until` (ISO 8601), also after it has expired. False if the catalog was leased again since, even by the
   * same holder in another execution: earlier reads may be outdated.
   */
  renew: (until: string) => Promise<boolean>;
  /** Frees the catalog at once. If this call is lost, the lease expires. */
  end: (now: string) => Promise<void>;
};

export type Packages = ReturnType<typeof createPackages>;

/** The records of catalogs and packages in Graph, and the lease under which they are written. */
export function createPackages(table: Table) {
  const load = async (
    catalogKey: string,
    packageKey: string,
  ): Promise<PackageRecord | undefined> => {
    const row = await table.read(catalogKey, packageRow(packageKey));
    return row && fromColumns(PackageRecord, row.columns);
  };

  const complete = new Map<string, { record: PackageRecord; until: number }>();

  return {
    load,

    /** As `load`, at most once a minute for a package that is complete. */
    recall: async (catalogKey: string, packageKey: string): Promise<PackageRecord | undefined> => {
      const id = `${catalogKey}/${packageKey}`;
      const known = complete.get(id);
      if (known && Date.now() < known.until) return known.record;
      const record = await load(catalogKey, packageKey);
      if (record?.state === 'complete')
        complete.set(id, { record, until: Date.now() + COMPLETE_FOR_MS });
      return record;
    },

    memory: (catalogKey: string, packageKey: string): PackageMemory => ({
      package: slot(table, catalogKey, packageRow(packageKey), PackageRecord),
      catalog: slot(table, catalogKey, CATALOG, CatalogRecord),
      item: (parentId, name) => slot(table, catalogKey, itemRow(parentId, name), ItemRecord),
      peer: load,
    }),

    /** Leases the catalog to `holder` until `until` (ISO 8601) if it is free, leased to `holder`, or its lease has expired. */
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

/** Uses the ETag of the row when it was leased, so that it changes nothing after another caller has. */
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

/** Hashed, because an origin id may be a URL, which no key can hold. */
const itemRow = (parentId: string, name: string): string => `item-${jsonHash([parentId, name])}`;

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

/** A lease on a catalog, for the code that writes to the catalog in Graph. */
export type HeldLease = {
  leaseUntil: Date;
  /** Extends it and answers its new end; undefined if it was leased again since. */
  renewLease: () => Promise<Date | undefined>;
};

/** Acts under the lease of a catalog, renewed for `ms` each time and released at the end; `later` if another holds it. */
export async function underLease<Done extends object>(
  packages: Packages,
  { catalogKey, holder, ms }: { catalogKey: string; holder: string; ms: number },
  act: (held: HeldLease) => Promise<Outcome<Done>>,
): Promise<Outcome<Done>> {
  const now = (): string => new Date().toISOString();
  const fromNow = (): Date => new Date(Date.now() + ms);
  const leaseUntil = fromNow();
  const lease = await packages.lease(catalogKey, holder, leaseUntil.toISOString(), now());
  if (!lease) return { kind: 'later', afterSeconds: 1, why: 'catalog-leased' };
  const renewLease = async (): Promise<Date | undefined> => {
    const until = fromNow();
    return (await lease.renew(until.toISOString())) ? until : undefined;
  };
  try {
    return await act({ leaseUntil, renewLease });
  } finally {
    await lease.end(now());
  }
}

/** Whether the lease lasts for `ms` from now; renews it first if needed. Sets its new end. */
export async function extendLease(lease: HeldLease, ms: number): Promise<boolean> {
  const isEnough = () => Date.now() + ms <= lease.leaseUntil.getTime();
  if (isEnough()) return true;
  lease.leaseUntil = (await lease.renewLease()) ?? lease.leaseUntil;
  return isEnough();
}
