import {
  rolesOf,
  scopeOf,
  type ResourceRole,
  type ResourceScope,
} from '../../services/resource-roles';
import type { Entity } from '../../odata/entities';
import { instant } from '../../odata/navigation';
import type { Resource, ResourceRequest, RoleScope } from '../../state/rows';
import { caller, pascal } from '../words';
import { toMany, toOne } from './navigation';

export const resource: Entity<Resource> = {
  type: 'accessPackageResource',
  properties: ({ id, displayName, originId, originSystem, createdAt }) => ({
    id,
    displayName,
    description: null,
    originId,
    originSystem,
    resourceType: originSystem === 'AadGroup' ? 'Security Group' : 'Application',
    url: null,
    addedBy: caller,
    addedOn: instant(createdAt),
    isPendingOnboarding: false,
    attributes: [],
  }),
  navigation: {
    // The expansion stays empty for applications: https://github.com/hashicorp/terraform-provider-azuread/issues/1880
    accessPackageResourceRoles: toMany(
      () => role,
      (row, { tenant }) => (row.originSystem === 'AadGroup' ? rolesOf(tenant, row) : []),
    ),
    accessPackageResourceScopes: toMany(
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
    accessPackageResource: toOne(
      () => resource,
      (row) => row.resource,
    ),
  },
};

const scope: Entity<ResourceScope> = {
  type: 'accessPackageResourceScope',
  properties: ({ id, originId, resource }) => ({
    id,
    displayName: 'Root',
    description: 'Root Scope',
    originId,
    originSystem: resource.originSystem,
    roleOriginId: null,
    isRootScope: true,
    url: null,
  }),
  navigation: {
    accessPackageResource: toOne(
      () => resource,
      (row) => row.resource,
    ),
  },
};

export const roleScope: Entity<RoleScope> = {
  type: 'accessPackageResourceRoleScope',
  properties: ({ id, createdAt }) => ({
    id: id.slice(id.indexOf('/') + 1),
    createdBy: caller,
    createdDateTime: instant(createdAt),
    modifiedBy: caller,
    modifiedDateTime: instant(createdAt),
  }),
  navigation: {
    accessPackageResourceRole: toOne(
      () => role,
      ({ resourceId, roleOriginId }, { tenant }) => {
        const found = tenant.tables.resources.get(resourceId);
        const roles = found === undefined ? [] : rolesOf(tenant, found);
        return roles.find(({ originId }) => originId === roleOriginId);
      },
    ),
    accessPackageResourceScope: toOne(
      () => scope,
      ({ resourceId }, { tenant }) => {
        const found = tenant.tables.resources.get(resourceId);
        return found === undefined ? undefined : scopeOf(found);
      },
    ),
  },
};

export const resourceRequest: Entity<ResourceRequest> = {
  type: 'accessPackageResourceRequest',
  properties: ({ id, requestType, catalogId }) => ({
    id,
    catalogId,
    requestType: pascal(requestType),
    requestState: 'Delivered',
    requestStatus: 'Fulfilled',
    executeImmediately: true,
    isValidationOnly: false,
    expirationDateTime: null,
    justification: null,
  }),
  navigation: {
    accessPackageResource: toOne(
      () => resource,
      ({ resourceId }, { tenant, view }) => tenant.tables.resources.get(resourceId, view),
    ),
  },
};
