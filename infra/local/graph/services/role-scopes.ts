import { duplicateKey, resourceNotFound, roleNotFound } from '../errors';
import type { View } from '../state/lag';
import type { RoleScope } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { grantRole } from './grants';
import { enterCatalog, requirePackage } from './packages';
import { rolesOf, scopeOf } from './resource-roles';

type Wanted = {
  packageId: string;
  resourceId: string;
  roleOriginId: string;
  scopeOriginId: string | undefined;
};

/**
 * Lets a package grant a role of a resource of its own catalog; those who hold the package already get it too. The role
 * must be one that the resource has: the role's origin id, not its name, decides.
 */
export function addRoleScope(tenant: Tenant, view: View | undefined, wanted: Wanted): RoleScope {
  requirePackage(tenant, view, wanted.packageId);
  const accessPackage = requirePackage(tenant, undefined, wanted.packageId);
  const resource = tenant.tables.resources.get(wanted.resourceId, view);
  const home = accessPackage.catalogId ?? resource?.catalogId;
  if (resource === undefined || resource.catalogId !== home) throw resourceNotFound('resource');
  const role = rolesOf(tenant, resource).find(({ originId }) => originId === wanted.roleOriginId);
  if (role === undefined) throw roleNotFound();
  const scope = scopeOf(resource);
  const scopeKnown = wanted.scopeOriginId === undefined || wanted.scopeOriginId === scope.originId;
  if (!scopeKnown) throw resourceNotFound('scope');
  const id = `${accessPackage.id}/${role.id}_${scope.id}`;
  // How the real service answers a role that the package has already is unpublished; it is never there twice.
  if (tenant.tables.roleScopes.get(id) !== undefined) throw duplicateKey();
  if (accessPackage.catalogId === undefined) enterCatalog(tenant, accessPackage, home);
  const made: RoleScope = {
    id,
    packageId: accessPackage.id,
    resourceId: resource.id,
    roleOriginId: role.originId,
    createdAt: tenant.now(),
  };
  tenant.put('roleScopes', made);
  for (const { row } of tenant.tables.assignments.find('accessPackage', accessPackage.id)) {
    if (row.state === 'delivered') grantRole(tenant, row, made);
  }
  return made;
}
