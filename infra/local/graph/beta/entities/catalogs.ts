import type { Entity } from '../../odata/entities';
import { instant, rows } from '../../odata/navigation';
import type { AccessPackage, Catalog, Policy } from '../../state/rows';
import { shownPolicy } from '../policies/policy-members';
import { caller, pascal } from '../words';
import { toMany, toOne } from './navigation';
import { resource, roleScope } from './resources';

/* What a catalog holds refers to each other in circles, so it is one file. */

export const catalog: Entity<Catalog> = {
  type: 'accessPackageCatalog',
  properties: ({ id, displayName, description, state, isExternallyVisible, ...times }) => ({
    id,
    displayName,
    description,
    catalogType: 'UserManaged',
    catalogStatus: pascal(state),
    isExternallyVisible,
    createdBy: caller,
    createdDateTime: instant(times.createdAt),
    modifiedBy: caller,
    modifiedDateTime: instant(times.modifiedAt),
    uniqueName: null,
  }),
  navigation: {
    accessPackages: toMany(
      () => accessPackage,
      ({ id }, { tenant, view }) => rows(tenant.tables.accessPackages.find('catalog', id, view)),
    ),
    accessPackageResources: toMany(
      () => resource,
      ({ id }, { tenant, view }) => rows(tenant.tables.resources.find('catalog', id, view)),
    ),
  },
};

export const accessPackage: Entity<AccessPackage> = {
  type: 'accessPackage',
  properties: ({ id, catalogId, displayName, description, isHidden, ...row }) => ({
    id,
    catalogId: catalogId ?? null,
    displayName,
    description,
    isHidden,
    isRoleScopesVisible: row.isRoleScopesVisible ?? false,
    createdBy: caller,
    createdDateTime: instant(row.createdAt),
    modifiedBy: caller,
    modifiedDateTime: instant(row.modifiedAt),
    uniqueName: null,
  }),
  navigation: {
    accessPackageCatalog: toOne(
      () => catalog,
      ({ catalogId }, { tenant, view }) => tenant.tables.catalogs.get(catalogId ?? '', view),
    ),
    accessPackageResourceRoleScopes: toMany(
      () => roleScope,
      ({ id }, { tenant, view }) => rows(tenant.tables.roleScopes.find('accessPackage', id, view)),
    ),
    accessPackageAssignmentPolicies: toMany(
      () => policy,
      ({ id }, { tenant, view }) => rows(tenant.tables.policies.find('accessPackage', id, view)),
    ),
    incompatibleAccessPackages: toMany(
      () => accessPackage,
      ({ incompatibleWith }, { tenant, view }) =>
        incompatibleWith.flatMap((id) => tenant.tables.accessPackages.get(id, view) ?? []),
    ),
    accessPackagesIncompatibleWith: toMany(
      () => accessPackage,
      ({ id }, { tenant, view }) =>
        rows(tenant.tables.accessPackages.find('incompatibleWith', id, view)),
    ),
  },
};

export const policy: Entity<Policy> = {
  type: 'accessPackageAssignmentPolicy',
  properties: shownPolicy,
  navigation: {
    accessPackage: toOne(
      () => accessPackage,
      ({ packageId }, { tenant, view }) => tenant.tables.accessPackages.get(packageId, view),
    ),
    accessPackageCatalog: toOne(
      () => catalog,
      ({ packageId }, { tenant, view }) => {
        const { catalogId } = tenant.tables.accessPackages.get(packageId, view) ?? {};
        return tenant.tables.catalogs.get(catalogId ?? '', view);
      },
    ),
  },
};
