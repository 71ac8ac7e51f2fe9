import type { TypeModel } from '../odata/model';
import { scheduleType } from './shared-types';

/** The enumerations of entitlement management as the v1.0 metadata declares them. */
export const v1Enums: Record<string, readonly string[]> = {
  accessPackageAssignmentState: [
    'delivering',
    'partiallyDelivered',
    'delivered',
    'expired',
    'deliveryFailed',
    'unknownFutureValue',
  ],
  accessPackageCatalogState: ['unpublished', 'published', 'unknownFutureValue'],
  accessPackageCatalogType: [
    'userManaged',
    'serviceDefault',
    'serviceManaged',
    'unknownFutureValue',
  ],
  accessPackageRequestState: [
    'submitted',
    'pendingApproval',
    'delivering',
    'delivered',
    'deliveryFailed',
    'denied',
    'scheduled',
    'canceled',
    'partiallyDelivered',
    'unknownFutureValue',
  ],
  accessPackageRequestType: [
    'notSpecified',
    'userAdd',
    'userUpdate',
    'userRemove',
    'adminAdd',
    'adminUpdate',
    'adminRemove',
    'systemAdd',
    'systemUpdate',
    'systemRemove',
    'onBehalfAdd',
    'unknownFutureValue',
    'approverRemove',
  ],
  accessPackageSubjectType: ['notSpecified', 'user', 'servicePrincipal', 'unknownFutureValue'],
  accessReviewExpirationBehavior: [
    'keepAccess',
    'removeAccess',
    'acceptAccessRecommendation',
    'unknownFutureValue',
  ],
  allowedTargetScope: [
    'notSpecified',
    'specificDirectoryUsers',
    'specificConnectedOrganizationUsers',
    'specificDirectoryServicePrincipals',
    'allMemberUsers',
    'allDirectoryUsers',
    'allDirectoryServicePrincipals',
    'allConfiguredConnectedOrganizationUsers',
    'allExternalUsers',
    'allDirectoryAgentIdentities',
    'unknownFutureValue',
  ],
  approverInformationVisibility: ['default', 'notVisible', 'visible', 'unknownFutureValue'],
  roleType: ['active', 'eligible', 'application', 'delegated', 'unknownFutureValue'],
};

/** The complex types inside policies and schedules as the v1.0 metadata declares them. */
export const v1Settings: Record<string, TypeModel> = {
  entitlementManagementSchedule: scheduleType,
  accessPackageAutomaticRequestSettings: {
    properties: {
      gracePeriodBeforeAccessRemoval: 'Duration',
      removeAccessWhenTargetLeavesAllowedTargets: 'Boolean',
      requestAccessForAllowedTargets: 'Boolean',
    },
  },
  accessPackageNotificationSettings: {
    properties: { isAssignmentNotificationDisabled: 'Boolean!' },
  },
  accessPackageAssignmentApprovalSettings: {
    properties: {
      isApprovalRequiredForAdd: 'Boolean',
      isApprovalRequiredForUpdate: 'Boolean',
      isRequestorJustificationRequired: 'Boolean',
      stages: '[accessPackageApprovalStage]',
    },
  },
  accessPackageAssignmentRequestorSettings: {
    properties: {
      allowCustomAssignmentSchedule: 'Boolean',
      enableOnBehalfRequestorsToAddAccess: 'Boolean',
      enableOnBehalfRequestorsToRemoveAccess: 'Boolean',
      enableOnBehalfRequestorsToUpdateAccess: 'Boolean',
      enableTargetsToSelfAddAccess: 'Boolean',
      enableTargetsToSelfRemoveAccess: 'Boolean',
      enableTargetsToSelfUpdateAccess: 'Boolean',
      onBehalfRequestors: '[subjectSet]',
    },
  },
  accessPackageAssignmentReviewSettings: {
    properties: {
      expirationBehavior: 'accessReviewExpirationBehavior',
      fallbackReviewers: '[subjectSet]',
      isEnabled: 'Boolean',
      isRecommendationEnabled: 'Boolean',
      isReviewerJustificationRequired: 'Boolean',
      isSelfReview: 'Boolean',
      primaryReviewers: '[subjectSet]',
      schedule: 'entitlementManagementSchedule',
    },
  },
  accessPackageApprovalStage: {
    properties: {
      approverInformationVisibility: 'approverInformationVisibility!',
      durationBeforeAutomaticDenial: 'Duration',
      durationBeforeEscalation: 'Duration',
      escalationApprovers: '[subjectSet]',
      fallbackEscalationApprovers: '[subjectSet]',
      fallbackPrimaryApprovers: '[subjectSet]',
      isApproverJustificationRequired: 'Boolean',
      isEscalationEnabled: 'Boolean',
      primaryApprovers: '[subjectSet]',
    },
  },
  accessPackageDynamicApprovalStage: { base: 'accessPackageApprovalStage', properties: {} },
  subjectSet: { abstract: true, properties: {} },
  singleUser: { base: 'subjectSet', properties: { description: 'String', userId: 'String' } },
  groupMembers: { base: 'subjectSet', properties: { description: 'String', groupId: 'String' } },
  attributeRuleMembers: {
    base: 'subjectSet',
    properties: { description: 'String', membershipRule: 'String' },
  },
  connectedOrganizationMembers: {
    base: 'subjectSet',
    properties: { connectedOrganizationId: 'String', description: 'String' },
  },
  externalSponsors: { base: 'subjectSet', properties: {} },
  internalSponsors: { base: 'subjectSet', properties: {} },
  requestorManager: { base: 'subjectSet', properties: { managerLevel: 'Int32' } },
  singleServicePrincipal: {
    base: 'subjectSet',
    properties: { description: 'String', servicePrincipalId: 'String' },
  },
  targetAgentIdentitySponsorsOrOwners: { base: 'subjectSet', properties: {} },
  targetApplicationOwners: { base: 'subjectSet', properties: {} },
  targetManager: { base: 'subjectSet', properties: { managerLevel: 'Int32' } },
  targetUserSponsors: { base: 'subjectSet', properties: {} },
};
