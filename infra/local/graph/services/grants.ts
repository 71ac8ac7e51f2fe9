import type { Assignment, Grant, RoleScope } from '../state/rows';
import type { Tenant } from './tenant';

/** The role scopes of a package in the order they were added. */
export function roleScopesOf(tenant: Tenant, packageId: string): RoleScope[] {
  return tenant.tables.roleScopes.find('accessPackage', packageId).map(({ row }) => row);
}

/** Gives a person one role. If two assignments give the same role, it lasts until both are over. */
export function grantRole(tenant: Tenant, assignment: Assignment, roleScope: RoleScope): void {
  const resource = tenant.tables.resources.get(roleScope.resourceId);
  if (resource === undefined) return;
  const id = `${roleScope.roleOriginId}/${assignment.targetId}`;
  const assignmentIds = tenant.tables.grants.get(id)?.assignmentIds ?? [];
  if (assignmentIds.includes(assignment.id)) return;
  tenant.put('grants', {
    id,
    originId: resource.originId,
    roleOriginId: roleScope.roleOriginId,
    userId: assignment.targetId,
    assignmentIds: [...assignmentIds, assignment.id],
  });
}

/** Takes back the roles that a person has through this assignment alone. */
export function withdrawRoles(tenant: Tenant, assignment: Assignment): void {
  for (const { row } of tenant.tables.grants.find('user', assignment.targetId)) {
    withdraw(tenant, row, assignment);
  }
}

/** Takes back one role if the person has it through this assignment alone. */
export function withdrawRole(tenant: Tenant, assignment: Assignment, roleOriginId: string): void {
  const grant = tenant.tables.grants.get(`${roleOriginId}/${assignment.targetId}`);
  if (grant !== undefined) withdraw(tenant, grant, assignment);
}

function withdraw(tenant: Tenant, grant: Grant, assignment: Assignment): void {
  if (!grant.assignmentIds.includes(assignment.id)) return;
  const assignmentIds = grant.assignmentIds.filter((id) => id !== assignment.id);
  if (assignmentIds.length === 0) tenant.remove('grants', grant.id);
  else tenant.put('grants', { ...grant, assignmentIds });
}

/** Whether a person is a member of a group through any assignment. */
export function isMember(tenant: Tenant, groupId: string, userId: string): boolean {
  return tenant.tables.grants.get(`Member_${groupId}/${userId}`) !== undefined;
}
