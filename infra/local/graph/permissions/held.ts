import { catalogIn, definitionOf, reaches, type Reach } from '../services/entitlement-roles';
import { permissionOf, type Permission } from '../directory/graph-app-roles';
import type { Tenant } from '../tenant/tenant';

/** Whether the caller was granted any of these application permissions. */
export function hasAny({ caller, tables }: Tenant, wanted: readonly Permission[]): boolean {
  return tables.appRoleAssignments.find('principal', caller.id ?? '').some(({ row }) => {
    const name = permissionOf(row.appRoleId);
    return name !== undefined && wanted.includes(name);
  });
}

/** Whether a role of the caller reaches so far in a catalog. */
export function reachesIn({ caller, tables }: Tenant, catalogId: string, wanted: Reach): boolean {
  return tables.entitlementRoles.find('principal', caller.id ?? '').some(({ row }) => {
    const reach = definitionOf(row.roleDefinitionId)?.reach;
    if (reach === undefined || catalogIn(row) !== catalogId) return false;
    return reaches.indexOf(reach) >= reaches.indexOf(wanted);
  });
}

/** Whether the caller may make catalogs without the permission to. */
export const makesCatalogs = ({ caller, tables }: Tenant): boolean =>
  tables.entitlementRoles
    .find('principal', caller.id ?? '')
    .some(({ row }) => row.directoryScopeId === '/');
