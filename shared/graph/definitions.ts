import type { AccessPackage, Catalog, Policy, Resource } from '../domain/access-model';
import type { CatalogResource, ResourceRole, ResourceScope } from './answers';

export type NewCatalog = Pick<Catalog, 'displayName' | 'description'>;
export type NewPackage = Pick<AccessPackage, 'displayName' | 'description' | 'hidden'> & {
  catalogId: string;
};
export type NewResource = Pick<Resource, 'originSystem' | 'originId'> & { catalogId: string };
export type NewRoleScope = {
  packageId: string;
  resource: CatalogResource;
  role: ResourceRole;
  scope: ResourceScope | undefined;
};
export type NewPolicy = Policy & { packageId: string };
/** `justification` is provenance and the mark by which our request is found again. */
export type NewRequest = {
  packageId: string;
  policyId: string;
  userId: string;
  justification: string;
};
