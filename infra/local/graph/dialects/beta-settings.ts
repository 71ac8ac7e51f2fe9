import type { TypeModel } from '../odata/model';
import { scheduleType } from './shared-types';

/**
 * The enumerations that the types of beta name, and the words that filters on plain text members accept. What is an
 * enumeration in v1.0 is mostly plain text in beta, with the words of v1.0 in beta's spelling.
 */
export const betaEnums: Record<string, readonly string[]> = {
  accessPackageAssignmentState: [
    'Delivering',
    'PartiallyDelivered',
    'Delivered',
    'Expired',
    'DeliveryFailed',
  ],
  accessPackageRequestState: [
    'Submitted',
    'PendingApproval',
    'Delivering',
    'Delivered',
    'DeliveryFailed',
    'Denied',
    'Scheduled',
    'Canceled',
    'PartiallyDelivered',
  ],
  accessPackageRequestType: ['AdminAdd', 'AdminRemove'],
};

/** The complex types inside policies and schedules as the beta metadata declares them. */
export const betaSettings: Record<string, TypeModel> = {
  requestSchedule: scheduleType,
  accessPackageNotificationSettings: {
    properties: { isAssignmentNotificationDisabled: 'Boolean' },
  },
  requestorSettings: {
    properties: {
      acceptRequests: 'Boolean',
      allowedRequestors: '[userSet]',
      scopeType: 'String',
    },
  },
  approvalSettings: {
    properties: {
      approvalMode: 'String',
      approvalStages: '[approvalStage]',
      isApprovalRequired: 'Boolean',
      isApprovalRequiredForExtension: 'Boolean',
      isRequestorJustificationRequired: 'Boolean',
    },
  },
  approvalStage: {
    properties: {
      approvalStageTimeOutInDays: 'Int32',
      approverInformationVisibility: 'approverInformationVisibility',
      escalationApprovers: '[userSet]',
      escalationTimeInMinutes: 'Int32',
      isApproverJustificationRequired: 'Boolean',
      isEscalationEnabled: 'Boolean',
      primaryApprovers: '[userSet]',
    },
  },
  userSet: { abstract: true, properties: { isBackup: 'Boolean' } },
  singleUser: { base: 'userSet', properties: { description: 'String', id: 'String' } },
  groupMembers: { base: 'userSet', properties: { description: 'String', id: 'String' } },
  connectedOrganizationMembers: {
    base: 'userSet',
    properties: { description: 'String', id: 'String' },
  },
  requestorManager: { base: 'userSet', properties: { managerLevel: 'Int32' } },
  externalSponsors: { base: 'userSet', properties: {} },
  internalSponsors: { base: 'userSet', properties: {} },
  targetUserSponsors: { base: 'userSet', properties: {} },
};
