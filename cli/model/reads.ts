import type { Entitlements } from '../../shared/graph/entitlements';

/** What a survey reads; it never writes. */
export type Reads = Pick<
  Entitlements,
  | 'findCatalogs'
  | 'getCatalog'
  | 'findCatalogResources'
  | 'findResourceRoles'
  | 'findAccessPackages'
  | 'getAccessPackage'
  | 'listAssignmentPolicies'
  | 'listIncompatible'
>;
