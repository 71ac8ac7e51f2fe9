import type { Group } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { newId } from './ids';

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
