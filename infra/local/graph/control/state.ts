import { badQuery, resourceNotFound } from '../errors';
import { applyRules } from '../services/automatic';
import { deleteUser } from '../services/deletions';
import { endAssignment } from '../services/delivery';
import type { Tenant } from '../services/tenant';
import type { Table } from '../state/table';
import type { Rows, Tables } from '../state/tables';

/** Everything in the tenant, without replica lag. */
export function showState(tables: Tables): object {
  const counts = Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [name, table.size()]),
  );
  return {
    counts,
    catalogs: rowsOf(tables.catalogs),
    resources: rowsOf(tables.resources),
    accessPackages: rowsOf(tables.accessPackages).map((row) => ({
      ...row,
      roles: tables.roleScopes.find('accessPackage', row.id).map(({ row }) => row.roleOriginId),
      policies: tables.policies.find('accessPackage', row.id).map(({ row }) => row.id),
    })),
    policies: rowsOf(tables.policies),
    requests: rowsOf(tables.requests),
    assignments: rowsOf(tables.assignments),
    groups: rowsOf(tables.groups).map((row) => ({
      ...row,
      members: tables.grants.find('role', `Member_${row.id}`).map(({ row }) => row.userId),
    })),
    grants: rowsOf(tables.grants),
    appRoleAssignments: rowsOf(tables.appRoleAssignments),
    entitlementRoles: rowsOf(tables.entitlementRoles),
    skus: rowsOf(tables.skus),
  };
}

const rowsOf = <Row>(table: Table<Row>): Row[] => table.all().map(({ row }) => row);

/** The tables that an administrator could change in the portal. */
const editable = [
  'users',
  'groups',
  'skus',
  'appRoleAssignments',
  'entitlementRoles',
  'catalogs',
  'resources',
  'accessPackages',
  'roleScopes',
  'policies',
  'requests',
  'assignments',
] as const;
type Editable = (typeof editable)[number];

/** Changes members of a row to values of the same kind, which tests use to create drift. */
export function editRow(tenant: Tenant, ids: readonly string[], change: unknown): object {
  const { table, id, row } = found(tenant, ids);
  if (typeof change !== 'object' || change === null || Array.isArray(change))
    throw badQuery('The change must be an object.');
  for (const [member, value] of Object.entries(change)) {
    const current = (row as Record<string, unknown>)[member];
    const known = Object.hasOwn(row, member) && member !== 'id';
    const sameKind = current === null || value === null || typeof current === typeof value;
    if (!known || !sameKind) throw badQuery(`'${member}' of ${id} cannot be set to that.`);
  }
  const edited = { ...row, ...change };
  tenant.put(table, edited);
  if (table === 'users') applyRules(tenant, id);
  return edited;
}

/**
 * Removes a row, as an administrator may do between two steps of a client. An assignment ends; those of a user end with
 * them unless `keepsAssignments`.
 */
export function deleteRow(
  tenant: Tenant,
  ids: readonly string[],
  keepsAssignments: boolean,
): object {
  const { table, id } = found(tenant, ids);
  const { users, assignments } = tenant.tables;
  const [user, assignment] = [users.get(id), assignments.get(id)];
  if (table === 'users' && user !== undefined) deleteUser(tenant, user, keepsAssignments);
  else if (table === 'assignments' && assignment !== undefined) {
    endAssignment(tenant, assignment, tenant.now());
    applyRules(tenant, assignment.targetId);
  } else tenant.remove(table, id);
  return { deleted: id };
}

function found(
  tenant: Tenant,
  [name, id = '']: readonly string[],
): { table: Editable; id: string; row: Rows[Editable] } {
  const table = editable.find((known) => known === name);
  if (table === undefined) throw badQuery(`Only ${editable.join(', ')} can be edited.`);
  const row = tenant.tables[table].get(id);
  if (row === undefined) throw resourceNotFound(`row ${id} of ${table}`);
  return { table, id, row };
}
