import { policyMembers } from '../../services/policy-members';
import { notSimulated } from '../../errors';
import { instant } from '../../odata/navigation';
import type { Body } from '../../odata/check-body';
import { flag, optionalObject } from '../../odata/read';
import type { Policy } from '../../state/rows';
import { caller } from '../words';
import { shownApproval, storedApproval } from './approval';
import { shownLifetime, storedLifetime } from './lifetime';
import { shownScope, storedScope } from './target-scope';

/** A policy of beta as it is stored, which is in the members of v1.0, with the few that beta alone has. */
export function storedPolicy(
  body: Body,
): Omit<Policy, 'id' | 'packageId' | 'createdAt' | 'modifiedAt'> {
  if (optionalObject(body, 'accessReviewSettings') !== null) {
    throw notSimulated('access reviews in the members of beta');
  }
  const requestor = optionalObject(body, 'requestorSettings') ?? {};
  const members = policyMembers({
    displayName: body['displayName'],
    description: body['description'],
    expiration: storedLifetime(body),
    ...storedScope(requestor),
    requestApprovalSettings: storedApproval(optionalObject(body, 'requestApprovalSettings') ?? {}),
    notificationSettings: body['accessPackageNotificationSettings'],
  });
  return {
    ...members,
    canExtend: flag(body, 'canExtend', false),
    acceptRequests: flag(requestor, 'acceptRequests', true),
  };
}

/** A stored policy in the members of beta. */
export const shownPolicy = (policy: Policy): Body => ({
  id: policy.id,
  accessPackageId: policy.packageId,
  displayName: policy.displayName,
  description: policy.description,
  canExtend: policy.canExtend ?? false,
  ...shownLifetime(policy),
  requestorSettings: shownScope(policy),
  requestApprovalSettings: shownApproval(policy),
  accessReviewSettings: null,
  accessPackageNotificationSettings: policy.notificationSettings,
  questions: [],
  verifiableCredentialSettings: null,
  createdBy: caller,
  createdDateTime: instant(policy.createdAt),
  modifiedBy: caller,
  modifiedDateTime: instant(policy.modifiedAt),
});
