import type { View } from '../state/lag';
import type { Group, User } from '../state/rows';
import type { Placed } from '../state/table';
import { folded } from '../state/tables';
import { newId } from './ids';
import type { Tenant } from './tenant';

/** The users with this value, in any case, in an indexed member, without those who do not exist yet. */
export function findUsers(
  tenant: Tenant,
  view: View,
  index: 'employeeId' | 'userPrincipalName' | 'attribute',
  value: string,
): Placed<User>[] {
  const found = tenant.tables.users.find(index, folded(value), view);
  return found.filter(({ row }) => exists(tenant, row));
}

/** The users of the tenant file with exactly this number, whether or not they exist yet. */
export const usersNumbered = ({ tables }: Tenant, employeeId: string): User[] =>
  tables.users
    .find('employeeId', folded(employeeId))
    .map(({ row }) => row)
    .filter((row) => row.employeeId === employeeId);

export function getUser(tenant: Tenant, view: View | undefined, id: string): User | undefined {
  const user = tenant.tables.users.get(id, view);
  return user !== undefined && exists(tenant, user) ? user : undefined;
}

/** All users of the directory. Unlike the other reads it does not start the clock of those who appear later. */
export function allUsers(tenant: Tenant, view: View): Placed<User>[] {
  const now = tenant.now();
  return tenant.tables.users
    .all(view)
    .filter(({ row }) => row.appearsAfterMs === undefined || (row.appearsAt ?? Infinity) <= now);
}

/** Whether a user exists. The first read of one who appears later starts their clock. */
function exists(tenant: Tenant, user: User): boolean {
  if (user.appearsAfterMs === undefined) return true;
  if (user.appearsAt === undefined) {
    tenant.put('users', { ...user, appearsAt: tenant.now() + user.appearsAfterMs });
    return false;
  }
  return user.appearsAt <= tenant.now();
}

/** Creates a security group. Names of groups are not unique. */
export function createGroup(
  tenant: Tenant,
  details: Pick<
    Group,
    'displayName' | 'description' | 'mailNickname' | 'securityEnabled' | 'isAssignableToRole'
  >,
): Group {
  const group: Group = {
    ...details,
    id: newId(),
    mailEnabled: false,
    membershipRule: null,
    onPremisesSyncEnabled: null,
    createdAt: tenant.now(),
  };
  tenant.put('groups', group);
  return group;
}

/** Deletes a group and every membership. A catalog keeps it as a resource, as in the real service. */
export function removeGroup(tenant: Tenant, { id }: Group): void {
  for (const role of ['Member', 'Owner']) {
    for (const { row } of tenant.tables.grants.find('role', `${role}_${id}`)) {
      tenant.remove('grants', row.id);
    }
  }
  tenant.remove('groups', id);
}
