import type { Entity } from '../odata/entities';
import type { Group, User } from '../state/rows';

export const user: Entity<User> = {
  type: 'user',
  properties: ({ id, employeeId, accountEnabled, userPrincipalName, displayName }) => ({
    id,
    employeeId,
    accountEnabled,
    userPrincipalName,
    displayName,
    jobTitle: null,
    mail: null,
  }),
  usual: ['id', 'displayName', 'jobTitle', 'mail', 'userPrincipalName'],
  navigation: {},
};

export const group: Entity<Group> = {
  type: 'group',
  properties: ({ id, displayName, membershipRule, isAssignableToRole, onPremisesSyncEnabled }) => ({
    id,
    displayName,
    description: null,
    groupTypes: membershipRule === undefined ? [] : ['DynamicMembership'],
    isAssignableToRole: isAssignableToRole ?? null,
    membershipRule: membershipRule ?? null,
    onPremisesSyncEnabled: onPremisesSyncEnabled ?? null,
    securityEnabled: true,
  }),
  navigation: {},
};
