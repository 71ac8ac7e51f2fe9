import type { Approval, ApprovalStage, Approver } from '../domain/access-model/access-model';
import type { NewPolicy, NewRoleScope } from './definitions';

/**
 * A role of a catalog's resource for a package. `resource.id` is the catalog's id of the resource, not the group's. A
 * resource whose scopes cannot be read is meant as a whole, by its root scope.
 * Source: https://learn.microsoft.com/graph/api/accesspackage-post-resourcerolescopes
 */
export function roleScopeBody({ resource, role, scope }: NewRoleScope): object {
  const { originId, originSystem } = resource;
  return {
    role: {
      displayName: role.displayName,
      originSystem: role.originSystem ?? originSystem,
      originId: role.originId,
      resource: { id: resource.id, originId, originSystem },
    },
    scope: {
      originId: scope?.originId ?? originId,
      originSystem: scope?.originSystem ?? originSystem,
      isRootScope: scope?.isRootScope ?? true,
    },
  };
}

/**
 * A policy for direct assignment by an administrator: nobody may ask for the package themselves.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentpolicies
 */
export function policyBody(policy: NewPolicy): object {
  return {
    displayName: policy.displayName,
    description: policy.description,
    allowedTargetScope: 'notSpecified',
    specificAllowedTargets: [],
    expiration: policy.expiration,
    requestorSettings: {
      enableTargetsToSelfAddAccess: false,
      enableTargetsToSelfUpdateAccess: false,
      enableTargetsToSelfRemoveAccess: false,
      allowCustomAssignmentSchedule: true,
      enableOnBehalfRequestorsToAddAccess: false,
      enableOnBehalfRequestorsToUpdateAccess: false,
      enableOnBehalfRequestorsToRemoveAccess: false,
      onBehalfRequestors: [],
    },
    requestApprovalSettings: approvalSettings(policy.approval),
    accessPackage: { id: policy.packageId },
  };
}

function approvalSettings(approval: Approval): object {
  return {
    isApprovalRequiredForAdd: approval.required,
    isApprovalRequiredForUpdate: approval.required,
    stages: approval.required ? approval.stages.map(approvalStage) : [],
  };
}

function approvalStage(stage: ApprovalStage): object {
  return {
    durationBeforeAutomaticDenial: stage.durationBeforeAutomaticDenial,
    isApproverJustificationRequired: false,
    isEscalationEnabled: false,
    primaryApprovers: stage.primaryApprovers.map(subjectSet),
  };
}

function subjectSet(approver: Approver): object {
  if ('userId' in approver) return { '@odata.type': '#microsoft.graph.singleUser', ...approver };
  if ('groupId' in approver) return { '@odata.type': '#microsoft.graph.groupMembers', ...approver };
  return { '@odata.type': '#microsoft.graph.requestorManager', ...approver };
}
