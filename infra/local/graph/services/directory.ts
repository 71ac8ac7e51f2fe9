import type { View } from '../state/lag';
import type { Group, User } from '../state/rows';
import type { Placed } from '../state/table';
import { newId } from './ids';
import type { Tenant } from './tenant';

/** The users with this value in an indexed member, without those who have not appeared yet. */
export function findUsers(
  tenant: Tenant,
  view: View,
  index: 'employeeId' | 'userPrincipalName',
  value: string,
): Placed<User>[] {
  const found = tenant.tables.users.find(index, value, view);
  return found.filter(({ row }) => isThere(tenant, row));
}

export function getUser(tenant: Tenant, view: View | undefined, id: string): User | undefined {
  const user = tenant.tables.users.get(id, view);
  return user !== undefined && isThere(tenant, user) ? user : undefined;
}

/** Everybody whom the directory has, without starting the clock of those who are to appear. */
export function allUsers(tenant: Tenant, view: View): Placed<User>[] {
  const now = tenant.now();
  return tenant.tables.users
    .all(view)
    .filter(({ row }) => row.appearsAfterMs === undefined || (row.appearsAt ?? Infinity) <= now);
}

/** Looking for somebody who is to appear later starts their clock. */
function isThere(tenant: Tenant, user: User): boolean {
  if (user.appearsAfterMs === undefined) return true;
  if (user.appearsAt === undefined) {
    tenant.put('users', { ...user, appearsAt: tenant.now() + user.appearsAfterMs });
    return false;
  }
  return user.appearsAt <= tenant.now();
}

/** Makes a group of people for security. Names of groups are not unique. */
export function createGroup(
  tenant: Tenant,
  wanted: Pick<
    Group,
    'displayName' | 'description' | 'mailNickname' | 'securityEnabled' | 'isAssignableToRole'
  >,
): Group {
  const group: Group = {
    ...wanted,
    id: newId(),
    mailEnabled: false,
    membershipRule: null,
    onPremisesSyncEnabled: null,
    createdAt: tenant.now(),
  };
  tenant.put('groups', group);
  return group;
}

/** Removes a group and with it every membership; a catalog that has it as a resource keeps that until told otherwise. */
export function removeGroup(tenant: Tenant, { id }: Group): void {
  for (const role of ['Member', 'Owner']) {
    for (const { row } of tenant.tables.grants.find('role', `${role}_${id}`)) {
      tenant.remove('grants', row.id);
    }
  }
  tenant.remove('groups', id);
}
