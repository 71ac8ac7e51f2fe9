import type { TypeModel } from '../odata/model';
import { resourceRoleProperties, resourceScopeProperties } from './shared-types';

/** The entity types of entitlement management as the v1.0 metadata declares them. */
export const v1Entities: Record<string, TypeModel> = {
  accessPackage: {
    properties: {
      id: 'String',
      createdDateTime: 'DateTimeOffset',
      description: 'String',
      displayName: 'String',
      isHidden: 'Boolean',
      modifiedDateTime: 'DateTimeOffset',
    },
    navigation: {
      accessPackagesIncompatibleWith: '[accessPackage]',
      assignmentPolicies: '[accessPackageAssignmentPolicy]',
      catalog: 'accessPackageCatalog',
      incompatibleAccessPackages: '[accessPackage]',
      incompatibleGroups: '[group]',
      resourceRoleScopes: '[accessPackageResourceRoleScope]',
    },
  },
  accessPackageAssignment: {
    properties: {
      id: 'String',
      customExtensionCalloutInstances: '[customExtensionCalloutInstance]',
      expiredDateTime: 'DateTimeOffset',
      schedule: 'entitlementManagementSchedule',
      state: 'accessPackageAssignmentState',
      status: 'String',
    },
    navigation: {
      accessPackage: 'accessPackage',
      assignmentPolicy: 'accessPackageAssignmentPolicy',
      target: 'accessPackageSubject',
    },
  },
  accessPackageAssignmentPolicy: {
    properties: {
      id: 'String',
      allowedTargetScope: 'allowedTargetScope',
      automaticRequestSettings: 'accessPackageAutomaticRequestSettings',
      createdDateTime: 'DateTimeOffset',
      description: 'String',
      displayName: 'String',
      expiration: 'expirationPattern',
      modifiedDateTime: 'DateTimeOffset',
      notificationSettings: 'accessPackageNotificationSettings',
      requestApprovalSettings: 'accessPackageAssignmentApprovalSettings',
      requestorSettings: 'accessPackageAssignmentRequestorSettings',
      reviewSettings: 'accessPackageAssignmentReviewSettings',
      specificAllowedTargets: '[subjectSet]',
    },
    navigation: {
      accessPackage: 'accessPackage',
      catalog: 'accessPackageCatalog',
      customExtensionStageSettings: '[customExtensionStageSetting]',
      questions: '[accessPackageQuestion]',
    },
  },
  accessPackageAssignmentRequest: {
    properties: {
      id: 'String',
      answers: '[accessPackageAnswer]',
      completedDateTime: 'DateTimeOffset',
      createdDateTime: 'DateTimeOffset',
      customExtensionCalloutInstances: '[customExtensionCalloutInstance]',
      justification: 'String',
      requestType: 'accessPackageRequestType',
      schedule: 'entitlementManagementSchedule',
      state: 'accessPackageRequestState',
      status: 'String',
    },
    navigation: {
      accessPackage: 'accessPackage',
      assignment: 'accessPackageAssignment',
      requestor: 'accessPackageSubject',
    },
  },
  accessPackageCatalog: {
    properties: {
      id: 'String',
      catalogType: 'accessPackageCatalogType',
      createdDateTime: 'DateTimeOffset',
      description: 'String',
      displayName: 'String',
      isExternallyVisible: 'Boolean',
      modifiedDateTime: 'DateTimeOffset',
      state: 'accessPackageCatalogState',
    },
    navigation: {
      accessPackages: '[accessPackage]',
      customWorkflowExtensions: '[customCalloutExtension]',
      resourceRoles: '[accessPackageResourceRole]',
      resources: '[accessPackageResource]',
      resourceScopes: '[accessPackageResourceScope]',
    },
  },
  accessPackageResource: {
    properties: {
      id: 'String',
      attributes: '[accessPackageResourceAttribute]',
      createdDateTime: 'DateTimeOffset',
      description: 'String',
      displayName: 'String',
      modifiedDateTime: 'DateTimeOffset',
      originId: 'String',
      originSystem: 'String',
    },
    navigation: {
      environment: 'accessPackageResourceEnvironment',
      roles: '[accessPackageResourceRole]',
      scopes: '[accessPackageResourceScope]',
      uploadSessions: '[customDataProvidedResourceUploadSession]',
    },
  },
  accessPackageResourceRequest: {
    properties: {
      id: 'String',
      createdDateTime: 'DateTimeOffset',
      requestType: 'accessPackageRequestType',
      state: 'accessPackageRequestState',
    },
    navigation: { catalog: 'accessPackageCatalog', resource: 'accessPackageResource' },
  },
  accessPackageResourceRole: {
    properties: resourceRoleProperties,
    navigation: { resource: 'accessPackageResource' },
  },
  accessPackageResourceRoleScope: {
    properties: { id: 'String', createdDateTime: 'DateTimeOffset' },
    navigation: { role: 'accessPackageResourceRole', scope: 'accessPackageResourceScope' },
  },
  accessPackageResourceScope: {
    properties: resourceScopeProperties,
    navigation: { resource: 'accessPackageResource' },
  },
  accessPackageSubject: {
    properties: {
      id: 'String',
      displayName: 'String',
      email: 'String',
      objectId: 'String',
      onPremisesSecurityIdentifier: 'String',
      principalName: 'String',
      subjectLifecycle: 'accessPackageSubjectLifecycle!',
      subjectType: 'accessPackageSubjectType',
    },
    navigation: { connectedOrganization: 'connectedOrganization' },
  },
};
