import type { Approver, ApprovalStage, PolicyDefinition, RoleScopeDefinition } from './definitions';

/**
 * A role of a catalog's resource for a package. `resource.id` is the catalog's id of the resource, not the group's.
 * Source: https://learn.microsoft.com/graph/api/accesspackage-post-resourcerolescopes
 */
export function roleScopeBody({ resource, role, scope }: RoleScopeDefinition): object {
  const { originId, originSystem } = resource;
  return {
    role: {
      displayName: role.displayName,
      originSystem: role.originSystem ?? originSystem,
      originId: role.originId,
      resource: { id: resource.id, originId, originSystem },
    },
    scope: {
      originId: scope.originId,
      originSystem: scope.originSystem ?? originSystem,
      isRootScope: scope.isRootScope ?? true,
    },
  };
}

/**
 * A policy for direct assignment by an administrator: nobody may ask for the package themselves.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentpolicies
 */
export function policyBody(policy: PolicyDefinition): object {
  const { required, stages } = policy.approval;
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
    requestApprovalSettings: {
      isApprovalRequiredForAdd: required,
      isApprovalRequiredForUpdate: required,
      stages: stages.map(stageBody),
    },
    accessPackage: { id: policy.packageId },
  };
}

function stageBody({ days, approvers }: ApprovalStage): object {
  return {
    durationBeforeAutomaticDenial: `P${days}D`,
    isApproverJustificationRequired: false,
    isEscalationEnabled: false,
    primaryApprovers: approvers.map(approverBody),
  };
}

function approverBody(approver: Approver): object {
  switch (approver.kind) {
    case 'user':
      return { '@odata.type': '#microsoft.graph.singleUser', userId: approver.id };
    case 'group':
      return { '@odata.type': '#microsoft.graph.groupMembers', groupId: approver.id };
    case 'manager':
      return { '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 1 };
  }
}
