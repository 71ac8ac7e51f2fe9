import type {
  Approval,
  ApprovalStage,
  Approver,
  Expiration,
} from '../domain/access-model/access-model';
import type { NewPolicy, NewRoleScope } from './definitions';

/** Source: https://learn.microsoft.com/graph/api/accesspackage-post-accesspackageresourcerolescopes?view=graph-rest-beta */
export function roleScopeBody({ resource, role, scope }: NewRoleScope): object {
  const { originId, originSystem } = resource;
  return {
    accessPackageResourceRole: {
      displayName: role.displayName,
      originSystem: role.originSystem ?? originSystem,
      originId: role.originId,
      accessPackageResource: { id: resource.id, originId, originSystem },
    },
    accessPackageResourceScope: {
      originId: scope?.originId ?? originId,
      originSystem: scope?.originSystem ?? originSystem,
      isRootScope: scope?.isRootScope ?? true,
    },
  };
}

/**
 * A policy for direct assignment by an administrator: nobody may ask for the package themselves.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackageassignmentpolicies?view=graph-rest-beta
 */
export function policyBody(policy: NewPolicy): object {
  return {
    accessPackageId: policy.packageId,
    displayName: policy.displayName,
    description: policy.description,
    ...lifetime(policy.expiration),
    accessReviewSettings: null,
    requestorSettings: { scopeType: 'NoSubjects', acceptRequests: true, allowedRequestors: [] },
    requestApprovalSettings: approvalSettings(policy.approval),
  };
}

function lifetime(expiration: Expiration): object {
  if (expiration.type === 'noExpiration') return {};
  if (expiration.type === 'afterDateTime') return { expirationDateTime: expiration.endDateTime };
  return { durationInDays: days(expiration.duration) };
}

/** The access model has all its durations in days, such as `P90D`. */
const days = (duration: string): number => Number(duration.slice(1, -1));

function approvalSettings(approval: Approval): object {
  const stages = approval.required ? approval.stages : [];
  return {
    isApprovalRequired: approval.required,
    isApprovalRequiredForExtension: approval.required,
    isRequestorJustificationRequired: false,
    approvalMode: ['NoApproval', 'SingleStage'][stages.length] ?? 'Serial',
    approvalStages: stages.map(approvalStage),
  };
}

function approvalStage(stage: ApprovalStage): object {
  return {
    approvalStageTimeOutInDays: days(stage.durationBeforeAutomaticDenial),
    isApproverJustificationRequired: false,
    isEscalationEnabled: false,
    primaryApprovers: stage.primaryApprovers.map(userSet),
  };
}

function userSet(approver: Approver): object {
  const isBackup = false;
  if ('userId' in approver) {
    return { '@odata.type': '#microsoft.graph.singleUser', isBackup, id: approver.userId };
  }
  if ('groupId' in approver) {
    return { '@odata.type': '#microsoft.graph.groupMembers', isBackup, id: approver.groupId };
  }
  return { '@odata.type': '#microsoft.graph.requestorManager', isBackup, ...approver };
}
