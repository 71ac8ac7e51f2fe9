import type { TypeModel } from '../../odata/model';

/** The types of resources, their roles and their scopes as the beta metadata declares them. */
export const resources: Record<string, TypeModel> = {
  accessPackageResource: {
    properties: {
      id: 'String',
      addedBy: 'String',
      addedOn: 'DateTimeOffset',
      attributes: '[accessPackageResourceAttribute]',
      description: 'String',
      displayName: 'String',
      isPendingOnboarding: 'Boolean',
      originId: 'String',
      originSystem: 'String',
      resourceType: 'String',
      url: 'String',
    },
    navigation: {
      accessPackageResourceEnvironment: 'accessPackageResourceEnvironment',
      accessPackageResourceRoles: '[accessPackageResourceRole]',
      accessPackageResourceScopes: '[accessPackageResourceScope]',
      externalOriginResourceConnector: 'externalOriginResourceConnector',
      uploadSessions: '[customDataProvidedResourceUploadSession]',
    },
  },
  accessPackageResourceRequest: {
    properties: {
      id: 'String',
      catalogId: 'String',
      executeImmediately: 'Boolean',
      expirationDateTime: 'DateTimeOffset',
      isValidationOnly: 'Boolean',
      justification: 'String',
      requestState: 'String',
      requestStatus: 'String',
      requestType: 'String',
    },
    navigation: {
      accessPackageResource: 'accessPackageResource',
      requestor: 'accessPackageSubject',
    },
  },
  accessPackageResourceRole: {
    properties: {
      id: 'String',
      description: 'String',
      displayName: 'String',
      originId: 'String',
      originSystem: 'String',
      type: 'roleType',
    },
    navigation: { accessPackageResource: 'accessPackageResource' },
  },
  accessPackageResourceRoleScope: {
    properties: {
      id: 'String',
      createdBy: 'String',
      createdDateTime: 'DateTimeOffset',
      modifiedBy: 'String',
      modifiedDateTime: 'DateTimeOffset',
    },
    navigation: {
      accessPackageResourceRole: 'accessPackageResourceRole',
      accessPackageResourceScope: 'accessPackageResourceScope',
    },
  },
  accessPackageResourceScope: {
    properties: {
      id: 'String',
      description: 'String',
      displayName: 'String',
      isRootScope: 'Boolean',
      originId: 'String',
      originSystem: 'String',
      roleOriginId: 'String',
      url: 'String',
    },
    navigation: { accessPackageResource: 'accessPackageResource' },
  },
};
