import { z } from 'zod';
import { RememberedWrite } from '../write-once';

/** Writes by the part they make: `catalog`, `resource:<originId>`, `package`, `role-scope:<role originId>`, ... */
export const Writes = z.record(z.string(), RememberedWrite);
export type Writes = z.infer<typeof Writes>;

/** What we know of a catalog and of what we put into it; one row per catalog, shared by its packages. */
export const CatalogRecord = z.object({ catalogId: z.string().optional(), writes: Writes });
export type CatalogRecord = z.infer<typeof CatalogRecord>;

/**
 * What we know of an access package: `making` from before the first POST for it, `whole` once everything that
 * `version` (a hash of its definition) names was read back. `adopted` when it existed and we made none of it.
 */
export const PackageRecord = z.object({
  state: z.enum(['making', 'whole']),
  version: z.string(),
  adopted: z.boolean(),
  catalogId: z.string().optional(),
  accessPackageId: z.string().optional(),
  assignmentPolicyId: z.string().optional(),
  writes: Writes,
});
export type PackageRecord = z.infer<typeof PackageRecord>;

/**
 * One stored row under optimistic concurrency. `save` inserts when `load` found nothing and replaces under the ETag
 * of the last load or save otherwise; `conflict` when somebody else wrote in between. Other failures throw.
 */
export type Slot<Row> = {
  load: () => Promise<Row | undefined>;
  save: (row: Row) => Promise<'saved' | 'conflict'>;
};

/** Our own memory of one package, its catalog, and (to read only) of the packages that it is incompatible with. */
export type PackageMemory = {
  package: Slot<PackageRecord>;
  catalog: Slot<CatalogRecord>;
  peer: (catalogKey: string, packageKey: string) => Promise<PackageRecord | undefined>;
};
