import {
  alreadyOnboarded,
  callerNotResourceOwner,
  invalidRequest,
  resourceInUse,
  resourceNotFound,
  unauthorizedCatalog,
} from '../errors';
import type { View } from '../state/lag';
import type { Catalog, OriginSystem, Resource, ResourceRequest } from '../state/rows';
import { both } from '../state/tables';
import { derivedId, newId } from './ids';
import type { Tenant } from './tenant';

type CatalogDetails = Pick<
  Catalog,
  'displayName' | 'description' | 'state' | 'isExternallyVisible'
>;

/** Creates a catalog. Names of catalogs are not unique, so a client must search first. */
export function createCatalog(tenant: Tenant, details: CatalogDetails, id = newId()): Catalog {
  const now = tenant.now();
  const catalog = { ...details, id, createdAt: now, modifiedAt: now };
  tenant.put('catalogs', catalog);
  return catalog;
}

export function changeCatalog(
  tenant: Tenant,
  catalog: Catalog,
  change: Partial<CatalogDetails>,
): Catalog {
  const changed = { ...catalog, ...change, modifiedAt: tenant.now() };
  tenant.put('catalogs', changed);
  return changed;
}

/** The catalog with this id as the view knows it. Throws UnAuthorized for an unknown one, even if it is only new. */
export function requireCatalog(tenant: Tenant, view: View | undefined, id: string): Catalog {
  const catalog = tenant.tables.catalogs.get(id, view);
  if (catalog === undefined) throw unauthorizedCatalog();
  return catalog;
}

export type Origin = { originSystem: OriginSystem; originId: string };

/** Adds a group or application to a catalog. Refuses what the application may not add and what cannot be granted. */
export function addResource(
  tenant: Tenant,
  view: View | undefined,
  catalogId: string,
  origin: Origin,
): ResourceRequest {
  const catalog = requireCatalog(tenant, view, catalogId);
  const displayName = displayNameOf(tenant, origin);
  const key = both(catalog.id, origin.originId);
  if (tenant.tables.resources.find('catalogAndOrigin', key).length > 0) throw alreadyOnboarded();
  const failsAfterMs = tenant.undeliverable.get(origin.originId);
  const resource: Resource = {
    ...origin,
    id: derivedId('resource', catalog.id, origin.originId),
    catalogId: catalog.id,
    displayName,
    createdAt: tenant.now(),
  };
  if (failsAfterMs !== undefined) {
    const failsAt = failsAfterMs === null ? null : tenant.now() + failsAfterMs;
    return recorded(tenant, 'adminAdd', resource, failsAt);
  }
  tenant.put('resources', resource);
  return recorded(tenant, 'adminAdd', resource);
}

/**
 * A request is answered 201 whatever becomes of it.
 * https://github.com/microsoftgraph/microsoft-graph-docs/issues/14051
 */
export function resourceRequestState(
  { failsAt }: ResourceRequest,
  now: number,
): 'submitted' | 'delivered' | 'deliveryFailed' {
  if (failsAt === undefined) return 'delivered';
  return failsAt !== null && failsAt <= now ? 'deliveryFailed' : 'submitted';
}

/** Removes a resource from its catalog. Refused while a package grants it. */
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
  failsAt?: ResourceRequest['failsAt'],
): ResourceRequest {
  const request = {
    ...(failsAt !== undefined && { failsAt }),
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
 * The display name of a resource that can be granted. Entitlement management cannot change the members of a dynamic,
 * synced or Exchange group, and an application may not add a role-assignable one.
 * docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-catalog-create
 */
function displayNameOf(tenant: Tenant, { originSystem, originId }: Origin): string {
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

export type ResourceRole = {
  id: string;
  originId: string;
  displayName: string;
  resource: Resource;
};
export type ResourceScope = { id: string; originId: string; resource: Resource };

/** The roles of a resource: Member and Owner of a group, the app roles of an application. */
export function rolesOf(tenant: Tenant, resource: Resource): ResourceRole[] {
  return origins(tenant, resource).map(({ originId, displayName }) => ({
    id: derivedId('role', resource.id, originId),
    originId,
    displayName,
    resource,
  }));
}

/** Groups and applications have one scope, the root. */
export function scopeOf(resource: Resource): ResourceScope {
  return { id: derivedId('scope', resource.id), originId: resource.originId, resource };
}

function origins(tenant: Tenant, resource: Resource): { originId: string; displayName: string }[] {
  if (resource.originSystem === 'AadGroup') {
    return ['Member', 'Owner'].map((role) => ({
      originId: `${role}_${resource.originId}`,
      displayName: role,
    }));
  }
  const application = tenant.tables.servicePrincipals.get(resource.originId);
  return (application?.appRoles ?? []).map(({ id, displayName }) => ({
    originId: id,
    displayName,
  }));
}
