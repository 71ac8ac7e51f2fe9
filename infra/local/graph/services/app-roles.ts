import { permissionAlreadyGranted, unknownPermission } from '../errors';
import type { AppRoleAssignment } from '../state/directory-rows';
import type { Tenant } from '../tenant/tenant';
import { requirePrincipal } from './entitlement-roles';
import { derivedId } from './ids';
import { requireServicePrincipal } from './service-principals';

/**
 * Grants an application permission, once.
 * docs: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
 */
export function grantAppRole(
  tenant: Tenant,
  { principalId, resourceId, appRoleId }: Omit<AppRoleAssignment, 'id' | 'createdAt'>,
): AppRoleAssignment {
  requirePrincipal(tenant, principalId);
  const { appRoles } = requireServicePrincipal(tenant, undefined, resourceId);
  if (!appRoles.some(({ id }) => id === appRoleId)) throw unknownPermission();
  const id = derivedId('appRole', principalId, resourceId, appRoleId);
  if (tenant.tables.appRoleAssignments.get(id) !== undefined) throw permissionAlreadyGranted();
  const granted = { id, principalId, resourceId, appRoleId, createdAt: tenant.now() };
  tenant.put('appRoleAssignments', granted);
  return granted;
}
