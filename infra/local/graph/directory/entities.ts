import type { Entity } from '../odata/entities';
import { instant } from '../odata/navigation';
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
    userType: 'Member',
  }),
  usual: ['id', 'displayName', 'jobTitle', 'mail', 'userPrincipalName'],
  navigation: {},
};

export const group: Entity<Group> = {
  type: 'group',
  properties: ({ createdAt, ...row }) => ({
    ...row,
    // A group that is not for security alone is a Microsoft 365 group here.
    groupTypes: [
      ...(row.mailEnabled ? ['Unified'] : []),
      ...(row.membershipRule === null ? [] : ['DynamicMembership']),
    ],
    createdDateTime: instant(createdAt),
  }),
  navigation: {},
};
