import { invalidRequest, resourceNotFound } from '../errors';
import type {
  AccessPackage,
  Assignment,
  AssignmentRequest,
  Catalog,
  Policy,
  User,
} from '../state/rows';
import { endAssignment, isActive, isOpen } from './delivery';
import { withdrawRole } from './grants';
import type { Tenant } from './tenant';

/* What can be deleted, and what prevents it. The codes of these refusals are not published. */

/**
 * Deletes a package with its policies and role scopes. Refused while somebody holds or has requested it.
 * docs: https://learn.microsoft.com/graph/api/accesspackage-delete
 */
export function deletePackage(tenant: Tenant, { id }: AccessPackage): void {
  requireUnused(tenant, id, () => true);
  const { policies, roleScopes, accessPackages } = tenant.tables;
  for (const { row } of policies.find('accessPackage', id)) tenant.remove('policies', row.id);
  for (const { row } of roleScopes.find('accessPackage', id)) tenant.remove('roleScopes', row.id);
  for (const { row } of accessPackages.find('incompatibleWith', id)) {
    const incompatibleWith = row.incompatibleWith.filter((other) => other !== id);
    tenant.put('accessPackages', { ...row, incompatibleWith });
  }
  tenant.remove('accessPackages', id);
}

/**
 * Deletes a policy. Refused while somebody holds or has requested the package under it.
 * docs: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-delete
 */
export function deletePolicy(tenant: Tenant, { id, packageId }: Policy): void {
  requireUnused(tenant, packageId, ({ policyId }) => policyId === id);
  tenant.remove('policies', id);
}

function requireUnused(
  { tables }: Tenant,
  packageId: string,
  matches: (row: Pick<Assignment, 'policyId'> | Pick<AssignmentRequest, 'policyId'>) => boolean,
): void {
  const held = tables.assignments.find('accessPackage', packageId);
  if (held.some(({ row }) => matches(row) && isActive(row))) {
    throw invalidRequest('It has assignments, which must be removed first.');
  }
  const requested = tables.requests.find('accessPackage', packageId);
  if (requested.some(({ row }) => matches(row) && isOpen(row))) {
    throw invalidRequest('It has requests that are still open.');
  }
}

/**
 * Removes a role from a package. People who hold the package lose the role.
 * docs: https://learn.microsoft.com/graph/api/accesspackage-delete-resourcerolescopes
 */
export function deleteRoleScope(tenant: Tenant, packageId: string, id: string): void {
  const roleScope = tenant.tables.roleScopes.get(`${packageId}/${id}`);
  if (roleScope === undefined) throw resourceNotFound('resource role scope');
  for (const { row } of tenant.tables.assignments.find('accessPackage', packageId)) {
    withdrawRole(tenant, row, roleScope.roleOriginId);
  }
  tenant.remove('roleScopes', roleScope.id);
}

/**
 * Deletes a catalog without packages, with its resources and the roles in it.
 * docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-catalog-create (Delete a catalog)
 */
export function deleteCatalog(tenant: Tenant, { id }: Catalog): void {
  const { accessPackages, resources, entitlementRoles } = tenant.tables;
  if (accessPackages.find('catalog', id).length > 0) {
    throw invalidRequest('The catalog has access packages, which must be deleted first.');
  }
  for (const { row } of resources.find('catalog', id)) tenant.remove('resources', row.id);
  for (const { row } of entitlementRoles.find('catalog', id)) {
    tenant.remove('entitlementRoles', row.id);
  }
  tenant.remove('catalogs', id);
}

/**
 * Deletes a user. What they hold ends with them, or, as in the 30 days in which a deleted user can be restored, stays. A
 * request for them stays open, and cannot be delivered.
 * docs: https://learn.microsoft.com/graph/api/user-delete, https://learn.microsoft.com/graph/api/accesspackage-delete
 */
export function deleteUser(tenant: Tenant, { id }: User, keepsAssignments: boolean): void {
  tenant.remove('users', id);
  if (keepsAssignments) return;
  for (const { row } of tenant.tables.assignments.find('target', id)) {
    if (isActive(row)) endAssignment(tenant, row, tenant.now());
  }
}

/**
 * Deletes a request that is over and has no active assignment.
 * docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-delete
 */
export function deleteRequest(tenant: Tenant, request: AssignmentRequest): void {
  if (isOpen(request)) throw invalidRequest('Only a denied or completed request can be deleted.');
  const assignment = tenant.tables.assignments.get(request.assignmentId ?? '');
  if (assignment !== undefined && isActive(assignment)) {
    throw invalidRequest('The request has an assignment.');
  }
  tenant.remove('requests', request.id);
}
