import type { AccessPackage, Catalog, Policy, Resource } from '../domain/access-model/access-model';
import type { CatalogResource, ResourceRole, ResourceScope } from './answers';
import type { PackageProperties } from './answers-draft';

export type NewCatalog = Pick<Catalog, 'displayName' | 'description'>;
/** How a package is described by its properties alone. */
export type PackageText = Pick<AccessPackage, 'displayName' | 'description' | 'hidden'>;
export type NewPackage = PackageText & { catalogId: string };
export type NewResource = Pick<Resource, 'originSystem' | 'originId'> & { catalogId: string };
export type NewRoleScope = {
  packageId: string;
  resource: CatalogResource;
  role: ResourceRole;
  scope: ResourceScope | undefined;
};
export type NewPolicy = Policy & { packageId: string };
export type ChangedCatalog = NewCatalog & { id: string };
/** Without a display name it keeps the one that it has. */
export type ChangedPackage = Omit<PackageText, 'displayName'> & {
  id: string;
  displayName?: string | undefined;
};
/** A policy is replaced as a whole, so what the model does not name of it is sent as it was read. */
export type ChangedPolicy = NewPolicy & { id: string; kept: object };
/** At least its id, and whatever else the dialect has to say of it. */
export type ExcludedPackage = { id: string } & Partial<PackageProperties>;
export type NewExclusion = { packageId: string; other: ExcludedPackage };
/** `justification` is provenance and the mark by which our request is found again. */
export type NewRequest = {
  packageId: string;
  policyId: string;
  userId: string;
  justification: string;
};
/** Access of one person. `from` is when it began, an ISO 8601 time: what a lifetime of its policy counts from. */
export type NewAssignment = {
  catalogId: string;
  packageId: string;
  policyId: string;
  userId: string;
  from: string;
};
