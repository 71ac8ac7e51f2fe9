import type { Resource } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { derivedId } from './ids';

export type ResourceRole = {
  id: string;
  originId: string;
  displayName: string;
  resource: Resource;
};
export type ResourceScope = { id: string; originId: string; resource: Resource };

/** What can be granted of a resource: Member and Owner of a group, the app roles of an application. */
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
