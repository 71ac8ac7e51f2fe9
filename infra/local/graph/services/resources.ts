import {
  alreadyOnboarded,
  callerNotResourceOwner,
  invalidRequest,
  resourceInUse,
  resourceNotFound,
} from '../errors';
import type { View } from '../state/lag';
import type { OriginSystem, Resource, ResourceRequest } from '../state/rows';
import { both } from '../state/tables';
import type { Tenant } from '../tenant/tenant';
import { requireCatalog } from './catalogs';
import { derivedId, newId } from './ids';

export type Origin = { originSystem: OriginSystem; originId: string };

/** Puts a group or application into a catalog, or refuses what the app may not add or nobody can grant. */
export function addResource(
  tenant: Tenant,
  view: View | undefined,
  catalogId: string,
  origin: Origin,
): ResourceRequest {
  const catalog = requireCatalog(tenant, view, catalogId);
  const displayName = grantable(tenant, origin);
  const key = both(catalog.id, origin.originId);
  if (tenant.tables.resources.find('catalogAndOrigin', key).length > 0) throw alreadyOnboarded();
  const resource: Resource = {
    ...origin,
    id: derivedId('resource', catalog.id, origin.originId),
    catalogId: catalog.id,
    displayName,
    createdAt: tenant.now(),
  };
  tenant.put('resources', resource);
  return recorded(tenant, 'adminAdd', resource);
}

/** Takes a resource out of its catalog unless a package still grants it. */
export function removeResource(tenant: Tenant, view: View, resourceId: string): ResourceRequest {
  const resource = tenant.tables.resources.get(resourceId, view);
  if (resource === undefined) throw resourceNotFound('resource');
  if (tenant.tables.roleScopes.find('resource', resource.id).length > 0) throw resourceInUse();
  tenant.remove('resources', resource.id);
  return recorded(tenant, 'adminRemove', resource);
}

function recorded(
  tenant: Tenant,
  requestType: ResourceRequest['requestType'],
  resource: Resource,
): ResourceRequest {
  const request = {
    id: newId(),
    requestType,
    catalogId: resource.catalogId,
    resourceId: resource.id,
    createdAt: tenant.now(),
  };
  tenant.put('resourceRequests', request);
  return request;
}

/**
 * The name of what is to be granted. Entitlement management cannot change the members of a dynamic group, a synced one or
 * one of Exchange, and an application may not add a role-assignable one.
 * docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-catalog-create
 */
function grantable(tenant: Tenant, { originSystem, originId }: Origin): string {
  if (originSystem === 'AadApplication') {
    const application = tenant.tables.servicePrincipals.get(originId);
    if (application === undefined) throw resourceNotFound('application');
    return application.displayName;
  }
  const group = tenant.tables.groups.get(originId);
  if (group === undefined) throw resourceNotFound('group');
  if (group.isAssignableToRole === true) throw callerNotResourceOwner();
  if (group.membershipRule !== null) {
    throw invalidRequest('A group with dynamic membership cannot be a resource of a catalog.');
  }
  if (group.onPremisesSyncEnabled === true) {
    throw invalidRequest('A group synced from on-premises cannot be a resource of a catalog.');
  }
  if (group.mailEnabled && group.securityEnabled) {
    throw invalidRequest('A mail-enabled security group cannot be a resource of a catalog.');
  }
  return group.displayName;
}
