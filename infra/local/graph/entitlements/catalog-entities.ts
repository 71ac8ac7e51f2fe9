import { caller, type Dialect } from '../dialects/dialect';
import { instant, rows, toMany, toOne, type Entity } from '../odata/present';
import {
  resourceRequestState,
  rolesOf,
  scopeOf,
  type ResourceRole,
  type ResourceScope,
} from '../services/catalogs';
import type {
  AccessPackage,
  Catalog,
  Policy,
  Resource,
  ResourceRequest,
  RoleScope,
} from '../state/rows';
import { described, entityIn, times } from './entity';

export type CatalogEntities = ReturnType<typeof catalogEntitiesIn>;

const resourceRequestStatus = {
  submitted: 'Accepted',
  delivered: 'Fulfilled',
  deliveryFailed: 'FulfillmentFailed',
};

/** Catalogs, resources, access packages and policies in one dialect. They refer to each other in circles. */
export function catalogEntitiesIn(dialect: Dialect) {
  const { spell } = dialect;

  const catalog: Entity<Catalog> = entityIn<Catalog>(
    dialect,
    'accessPackageCatalog',
    {
      ...described,
      ...times(),
      catalogType: () => spell('userManaged'),
      state: ({ state }) => spell(state),
      isExternallyVisible: (row) => row.isExternallyVisible,
      uniqueName: () => null,
    },
    {
      accessPackages: toMany(
        () => accessPackage,
        ({ id }, { tenant, view }) => rows(tenant.tables.accessPackages.find('catalog', id, view)),
      ),
      resources: toMany(
        () => resource,
        ({ id }, { tenant, view }) => rows(tenant.tables.resources.find('catalog', id, view)),
      ),
    },
  );

  const resource: Entity<Resource> = entityIn<Resource>(
    dialect,
    'accessPackageResource',
    {
      id: (row) => row.id,
      displayName: (row) => row.displayName,
      description: () => null,
      originId: (row) => row.originId,
      originSystem: (row) => row.originSystem,
      resourceType: ({ originSystem }) =>
        originSystem === 'AadGroup' ? 'Security Group' : 'Application',
      url: () => null,
      addedBy: () => caller,
      createdDateTime: ({ createdAt }) => instant(createdAt),
      modifiedDateTime: ({ createdAt }) => instant(createdAt),
      isPendingOnboarding: () => false,
      attributes: () => [],
    },
    {
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
  );

  const ofResource = {
    resource: toOne(
      () => resource,
      (row: { resource: Resource }) => row.resource,
    ),
  };

  const role: Entity<ResourceRole> = entityIn<ResourceRole>(
    dialect,
    'accessPackageResourceRole',
    {
      id: (row) => row.id,
      displayName: (row) => row.displayName,
      description: () => null,
      originSystem: (row) => row.resource.originSystem,
      originId: (row) => row.originId,
    },
    ofResource,
  );

  const scope: Entity<ResourceScope> = entityIn<ResourceScope>(
    dialect,
    'accessPackageResourceScope',
    {
      id: (row) => row.id,
      displayName: () => 'Root',
      description: () => 'Root Scope',
      originId: (row) => row.originId,
      originSystem: (row) => row.resource.originSystem,
      roleOriginId: () => null,
      isRootScope: () => true,
      url: () => null,
    },
    ofResource,
  );

  const resourceRequest: Entity<ResourceRequest> = entityIn<ResourceRequest>(
    dialect,
    'accessPackageResourceRequest',
    {
      id: (row) => row.id,
      catalogId: (row) => row.catalogId,
      requestType: ({ requestType }) => spell(requestType),
      state: (row, { tenant }) => spell(resourceRequestState(row, tenant.now())),
      status: (row, { tenant }) => resourceRequestStatus[resourceRequestState(row, tenant.now())],
      createdDateTime: ({ createdAt }) => instant(createdAt),
      executeImmediately: () => true,
      isValidationOnly: () => false,
      expirationDateTime: () => null,
      justification: () => null,
    },
    {
      catalog: toOne(
        () => catalog,
        ({ catalogId }, { tenant, view }) => tenant.tables.catalogs.get(catalogId, view),
      ),
      resource: toOne(
        () => resource,
        ({ resourceId }, { tenant, view }) => tenant.tables.resources.get(resourceId, view),
      ),
    },
  );

  const accessPackage: Entity<AccessPackage> = entityIn<AccessPackage>(
    dialect,
    'accessPackage',
    {
      ...described,
      ...times(),
      catalogId: ({ catalogId }) => catalogId ?? null,
      isHidden: (row) => row.isHidden,
      isRoleScopesVisible: (row) => row.isRoleScopesVisible ?? false,
      uniqueName: () => null,
    },
    {
      catalog: toOne(
        () => catalog,
        ({ catalogId }, { tenant, view }) => tenant.tables.catalogs.get(catalogId ?? '', view),
      ),
      resourceRoleScopes: toMany(
        () => roleScope,
        ({ id }, { tenant, view }) =>
          rows(tenant.tables.roleScopes.find('accessPackage', id, view)),
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
  );

  const roleScope: Entity<RoleScope> = entityIn<RoleScope>(
    dialect,
    'accessPackageResourceRoleScope',
    {
      ...times<RoleScope>(({ createdAt }) => createdAt),
      id: ({ id }) => id.slice(id.indexOf('/') + 1),
    },
    {
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
  );

  const policy: Entity<Policy> = entityIn<Policy>(
    dialect,
    'accessPackageAssignmentPolicy',
    {
      ...described,
      ...times(),
      allowedTargetScope: (row) => row.allowedTargetScope,
      specificAllowedTargets: (row) => row.specificAllowedTargets,
      expiration: (row) => row.expiration,
      requestorSettings: (row) => row.requestorSettings,
      requestApprovalSettings: (row) => row.requestApprovalSettings,
      automaticRequestSettings: (row) => row.automaticRequestSettings,
      reviewSettings: (row) => row.reviewSettings,
      notificationSettings: (row) => row.notificationSettings,
      ...dialect.policy.values,
    },
    {
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
  );

  return {
    catalog,
    resource,
    role,
    resourceRequest,
    accessPackage,
    roleScope,
    policy,
  };
}
