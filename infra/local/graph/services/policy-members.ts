import type { Body } from '../odata/check-body';
import type { Policy, SubjectSet } from '../state/rows';
import { optionalObject, optionalText } from '../odata/read';

const requestorDefaults = {
  enableTargetsToSelfAddAccess: false,
  enableTargetsToSelfUpdateAccess: false,
  enableTargetsToSelfRemoveAccess: false,
  allowCustomAssignmentSchedule: false,
  enableOnBehalfRequestorsToAddAccess: false,
  enableOnBehalfRequestorsToUpdateAccess: false,
  enableOnBehalfRequestorsToRemoveAccess: false,
  onBehalfRequestors: [],
};

const approvalDefaults = {
  isApprovalRequiredForAdd: false,
  isApprovalRequiredForUpdate: false,
  isRequestorJustificationRequired: false,
  stages: [],
};

const noExpiration = { type: 'noExpiration', endDateTime: null, duration: null };

/**
 * The members of a policy, those that a body leaves out at the values that the service gives them. Stored policies are in
 * the shape of v1.0, which the other dialects translate to and from.
 */
export function policyMembers(
  body: Body,
): Omit<Policy, 'id' | 'packageId' | 'createdAt' | 'modifiedAt'> {
  const targets = body['specificAllowedTargets'];
  return {
    displayName: optionalText(body, 'displayName'),
    description: optionalText(body, 'description'),
    allowedTargetScope: optionalText(body, 'allowedTargetScope') ?? 'notSpecified',
    specificAllowedTargets: Array.isArray(targets) ? (targets as SubjectSet[]) : [],
    expiration: { ...noExpiration, ...optionalObject(body, 'expiration') },
    requestorSettings: { ...requestorDefaults, ...optionalObject(body, 'requestorSettings') },
    requestApprovalSettings: {
      ...approvalDefaults,
      ...optionalObject(body, 'requestApprovalSettings'),
    },
    automaticRequestSettings: optionalObject(body, 'automaticRequestSettings'),
    reviewSettings: optionalObject(body, 'reviewSettings'),
    notificationSettings: optionalObject(body, 'notificationSettings'),
  };
}
