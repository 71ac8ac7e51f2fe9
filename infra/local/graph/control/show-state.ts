import type { Table } from '../state/table';
import type { Tables } from '../state/tables';

/** All that the tenant holds, as it truly is (no replica lag): what tests compare with what clients believe. */
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
