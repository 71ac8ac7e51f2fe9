import type { TypeModel } from '../odata/model';

/** Applications, permissions, roles and licences as the metadata of v1.0 declares them, as far as they are simulated. */
export const services: Record<string, TypeModel> = {
  organization: {
    properties: {
      id: 'String',
      countryLetterCode: 'String',
      createdDateTime: 'DateTimeOffset',
      displayName: 'String',
      tenantType: 'String',
    },
  },
  subscribedSku: {
    properties: {
      id: 'String',
      accountId: 'String',
      accountName: 'String',
      appliesTo: 'String',
      capabilityStatus: 'String',
      consumedUnits: 'Int32',
      prepaidUnits: 'licenseUnitsDetail',
      servicePlans: '[servicePlanInfo]',
      skuId: 'Guid',
      skuPartNumber: 'String',
      subscriptionIds: '[String]',
    },
  },
  servicePrincipal: {
    properties: {
      id: 'String',
      accountEnabled: 'Boolean',
      appDisplayName: 'String',
      appId: 'String',
      appRoles: '[appRole]',
      displayName: 'String',
      servicePrincipalType: 'String',
    },
    navigation: {
      appRoleAssignedTo: '[appRoleAssignment]',
      appRoleAssignments: '[appRoleAssignment]',
    },
  },
  appRoleAssignment: {
    properties: {
      id: 'String',
      appRoleId: 'Guid!',
      createdDateTime: 'DateTimeOffset',
      principalDisplayName: 'String',
      principalId: 'Guid',
      principalType: 'String',
      resourceDisplayName: 'String',
      resourceId: 'Guid',
    },
  },
  unifiedRoleAssignment: {
    properties: {
      id: 'String',
      appScopeId: 'String',
      condition: 'String',
      directoryScopeId: 'String',
      principalId: 'String',
      roleDefinitionId: 'String',
    },
    navigation: {
      appScope: 'appScope',
      directoryScope: 'directoryObject',
      principal: 'directoryObject',
      roleDefinition: 'unifiedRoleDefinition',
    },
  },
  unifiedRoleDefinition: {
    properties: {
      id: 'String',
      description: 'String',
      displayName: 'String',
      isBuiltIn: 'Boolean',
      isEnabled: 'Boolean',
      resourceScopes: '[String]',
      rolePermissions: '[unifiedRolePermission]',
      templateId: 'String',
      version: 'String',
    },
  },
};
