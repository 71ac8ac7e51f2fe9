import type { Approval, ApprovalStage, Approver } from '../domain/access-model/access-model';
import { AssignmentPolicy } from './answers';
import type { NewPolicy } from './operations';
import { changeRoutes } from './change-routes';
import { publishedRoutes, type PublishedVersion } from './published-routes';

/** Source: https://learn.microsoft.com/graph/api/resources/entitlementmanagement-overview */
const v1: PublishedVersion = {
  version: 'v1.0',
  collections: {
    catalogs: 'catalogs',
    catalogResources: 'resources',
    catalogResourceRoles: 'resourceRoles',
    resourceRequests: 'resourceRequests',
    roleScopes: 'resourceRoleScopes',
    policies: 'assignmentPolicies',
    assignments: 'assignments',
    requests: 'assignmentRequests',
  },
  members: { resource: 'resource', role: 'role', scope: 'scope', assignment: 'assignment' },
  expand: {
    catalogResources: 'roles,scopes',
    packages: 'catalog',
    package: 'catalog,resourceRoleScopes($expand=role,scope)',
    policies: 'accessPackage',
    assignments: 'target,accessPackage,assignmentPolicy',
    requests: 'accessPackage,assignment($expand=target),requestor',
  },
  progress: {
    select: 'id,state,status,createdDateTime,completedDateTime',
    expand: 'assignment',
  },
  requestTypes: { add: 'adminAdd', update: 'adminUpdate', remove: 'adminRemove' },
  inState: (state) => `state eq '${state}'`,
  published: { state: 'published' },
  packageBody: (properties, catalogId) => ({ ...properties, catalog: { id: catalogId } }),
  resourceRequestBody: ({ catalogId, originSystem, originId }) => ({
    requestType: 'adminAdd',
    resource: { originId, originSystem },
    catalog: { id: catalogId },
  }),
  policyBody,
  policyAnswer: AssignmentPolicy,
};

/** What other dialects read in v1.0 too. */
export const v1BaseRoutes = publishedRoutes(v1);
export const v1Routes = { ...v1BaseRoutes, ...changeRoutes(v1) };

/**
 * A policy for direct assignment by an administrator: nobody may ask for the package themselves.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentpolicies
 */
function policyBody(policy: NewPolicy): object {
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
