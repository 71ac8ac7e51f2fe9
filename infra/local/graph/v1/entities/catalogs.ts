import {
  rolesOf,
  scopeOf,
  type ResourceRole,
  type ResourceScope,
} from '../../services/resource-roles';
import type { Entity } from '../../odata/entities';
import type {
  AccessPackage,
  Catalog,
  Policy,
  Resource,
  ResourceRequest,
  RoleScope,
} from '../../state/rows';
import { instant, rows } from '../../odata/navigation';
import { toMany, toOne } from './navigation';

/* What a catalog holds refers to each other in circles, so it is one file. */

export const catalog: Entity<Catalog> = {
  type: 'accessPackageCatalog',
  properties: ({ id, displayName, description, state, isExternallyVisible, ...times }) => ({
    id,
    displayName,
    description,
    catalogType: 'userManaged',
    state,
    isExternallyVisible,
    createdDateTime: instant(times.createdAt),
    modifiedDateTime: instant(times.modifiedAt),
  }),
  navigation: {
    accessPackages: toMany(
      () => accessPackage,
      ({ id }, { tenant, view }) => rows(tenant.tables.accessPackages.find('catalog', id, view)),
    ),
    resources: toMany(
      () => resource,
      ({ id }, { tenant, view }) => rows(tenant.tables.resources.find('catalog', id, view)),
    ),
  },
};

export const resource: Entity<Resource> = {
  type: 'accessPackageResource',
  properties: ({ id, displayName, originId, originSystem, createdAt }) => ({
    id,
    displayName,
    description: null,
    originId,
    originSystem,
    createdDateTime: instant(createdAt),
    modifiedDateTime: instant(createdAt),
  }),
  navigation: {
    // The expansion stays empty for applications: https://github.com/hashicorp/terraform-provider-azuread/issues/1880
    roles: toMany(
      () => role,
      (row, { tenant }) => (row.originSystem === 'AadGroup' ? rolesOf(tenant, row) : []),
    ),
    scopes: toMany(
      () => scope,
      (row) => [scopeOf(row)],
    ),
  },
};

export const role: Entity<ResourceRole> = {
  type: 'accessPackageResourceRole',
  properties: ({ id, displayName, originId, resource }) => ({
    id,
    displayName,
    description: null,
    originSystem: resource.originSystem,
    originId,
  }),
  navigation: {
    resource: toOne(
      () => resource,
      (row) => row.resource,
    ),
  },
};

export const scope: Entity<ResourceScope> = {
  type: 'accessPackageResourceScope',
  properties: ({ id, originId, resource }) => ({
    id,
    displayName: 'Root',
    description: 'Root Scope',
    originId,
    originSystem: resource.originSystem,
    isRootScope: true,
  }),
  navigation: {
    resource: toOne(
      () => resource,
      (row) => row.resource,
    ),
  },
};

export const resourceRequest: Entity<ResourceRequest> = {
  type: 'accessPackageResourceRequest',
  properties: ({ id, requestType, createdAt }) => ({
    id,
    requestType,
    state: 'delivered',
    createdDateTime: instant(createdAt),
  }),
  navigation: {
    catalog: toOne(
      () => catalog,
      ({ catalogId }, { tenant, view }) => tenant.tables.catalogs.get(catalogId, view),
    ),
    resource: toOne(
      () => resource,
      ({ resourceId }, { tenant, view }) => tenant.tables.resources.get(resourceId, view),
    ),
  },
};

export const accessPackage: Entity<AccessPackage> = {
  type: 'accessPackage',
  properties: ({ id, displayName, description, isHidden, createdAt, modifiedAt }) => ({
    id,
    displayName,
    description,
    isHidden,
    createdDateTime: instant(createdAt),
    modifiedDateTime: instant(modifiedAt),
  }),
  navigation: {
    catalog: toOne(
      () => catalog,
      ({ catalogId }, { tenant, view }) => tenant.tables.catalogs.get(catalogId ?? '', view),
    ),
    resourceRoleScopes: toMany(
      () => roleScope,
      ({ id }, { tenant, view }) => rows(tenant.tables.roleScopes.find('accessPackage', id, view)),
    ),
    assignmentPolicies: toMany(
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

export const roleScope: Entity<RoleScope> = {
  type: 'accessPackageResourceRoleScope',
  properties: ({ id, createdAt }) => ({
    id: id.slice(id.indexOf('/') + 1),
    createdDateTime: instant(createdAt),
  }),
  navigation: {
    role: toOne(
      () => role,
      ({ resourceId, roleOriginId }, { tenant }) => {
        const found = tenant.tables.resources.get(resourceId);
        const roles = found === undefined ? [] : rolesOf(tenant, found);
        return roles.find(({ originId }) => originId === roleOriginId);
      },
    ),
    scope: toOne(
      () => scope,
      ({ resourceId }, { tenant }) => {
        const found = tenant.tables.resources.get(resourceId);
        return found === undefined ? undefined : scopeOf(found);
      },
    ),
  },
};

export const policy: Entity<Policy> = {
  type: 'accessPackageAssignmentPolicy',
  properties: (row) => ({
    id: row.id,
    displayName: row.displayName,
    description: row.description,
    allowedTargetScope: row.allowedTargetScope,
    specificAllowedTargets: row.specificAllowedTargets,
    expiration: row.expiration,
    requestorSettings: row.requestorSettings,
    requestApprovalSettings: row.requestApprovalSettings,
    automaticRequestSettings: row.automaticRequestSettings,
    reviewSettings: row.reviewSettings,
    notificationSettings: row.notificationSettings,
    createdDateTime: instant(row.createdAt),
    modifiedDateTime: instant(row.modifiedAt),
  }),
  navigation: {
    accessPackage: toOne(
      () => accessPackage,
      ({ packageId }, { tenant, view }) => tenant.tables.accessPackages.get(packageId, view),
    ),
    catalog: toOne(
      () => catalog,
      ({ packageId }, { tenant, view }) => {
        const { catalogId } = tenant.tables.accessPackages.get(packageId, view) ?? {};
        return tenant.tables.catalogs.get(catalogId ?? '', view);
      },
    ),
  },
};
