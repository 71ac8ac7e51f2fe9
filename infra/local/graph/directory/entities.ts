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
    // With a mailbox and not for security it is a Microsoft 365 group here, with both a group of Exchange.
    groupTypes: [
      ...(row.mailEnabled && !row.securityEnabled ? ['Unified'] : []),
      ...(row.membershipRule === null ? [] : ['DynamicMembership']),
    ],
    createdDateTime: instant(createdAt),
  }),
  navigation: {},
};
