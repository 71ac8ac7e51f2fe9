import type { TypeModel } from '../odata/model';

/** The part of the directory that the simulator has, as the metadata of v1.0 declares it, and that of beta too. */
export const directory: Record<string, TypeModel> = {
  user: {
    properties: {
      id: 'String',
      accountEnabled: 'Boolean',
      companyName: 'String',
      department: 'String',
      displayName: 'String',
      employeeHireDate: 'DateTimeOffset',
      employeeId: 'String',
      employeeLeaveDateTime: 'DateTimeOffset',
      employeeType: 'String',
      givenName: 'String',
      jobTitle: 'String',
      mail: 'String',
      mailNickname: 'String',
      onPremisesImmutableId: 'String',
      officeLocation: 'String',
      surname: 'String',
      userPrincipalName: 'String',
      userType: 'String',
    },
  },
  group: {
    properties: {
      id: 'String',
      createdDateTime: 'DateTimeOffset',
      description: 'String',
      displayName: 'String',
      groupTypes: '[String]',
      isAssignableToRole: 'Boolean',
      mailEnabled: 'Boolean',
      mailNickname: 'String',
      membershipRule: 'String',
      onPremisesSyncEnabled: 'Boolean',
      securityEnabled: 'Boolean',
      visibility: 'String',
    },
    navigation: { members: '[directoryObject]', owners: '[directoryObject]' },
  },
};
