import { z } from 'zod';
import type {
  Approval,
  ApprovalStage,
  Approver,
  Expiration,
} from '../domain/access-model/access-model';
import { present, type AssignmentPolicy } from './answers';
import type { NewPolicy } from './operations';
import { changeRoutes } from './change-routes';
import { v1Routes } from './dialect-v1';
import { publishedRoutes, type PublishedVersion } from './published-routes';

const text = z.string().nullish();
const number = z.number().nullish();

const BetaApprover = z
  .object({ '@odata.type': text, id: text, managerLevel: number })
  .transform((approver) => {
    const kind = approver['@odata.type']?.replace(/^#?microsoft\.graph\./, '');
    return {
      userId: kind === 'singleUser' ? approver.id : undefined,
      groupId: kind === 'groupMembers' ? approver.id : undefined,
      managerLevel: kind === 'requestorManager' ? approver.managerLevel : undefined,
    };
  });

const BetaApprovalStage = z
  .object({ approvalStageTimeOutInDays: number, primaryApprovers: z.array(BetaApprover).nullish() })
  .transform(({ approvalStageTimeOutInDays: days, primaryApprovers }) => ({
    durationBeforeAutomaticDenial: days == null ? undefined : `P${days}D`,
    primaryApprovers,
  }));

/**
 * A policy of beta in the terms of v1.0, which keeps lifetime and approval in other members.
 * Source: https://learn.microsoft.com/graph/api/resources/accesspackageassignmentpolicy?view=graph-rest-beta
 */
const BetaAssignmentPolicy = z
  .object({
    id: z.string(),
    displayName: text,
    description: text,
    accessPackageId: text,
    durationInDays: number,
    expirationDateTime: text,
    requestorSettings: z.object({ scopeType: text }).nullish(),
    accessReviewSettings: z.unknown().optional(),
    canExtend: z.unknown().optional(),
    requestApprovalSettings: z
      .object({
        isApprovalRequired: z.boolean().nullish(),
        approvalStages: z.array(BetaApprovalStage).nullish(),
      })
      .nullish(),
  })
  .transform(({ requestApprovalSettings: approval, ...answer }): AssignmentPolicy => ({
    id: answer.id,
    displayName: answer.displayName,
    description: answer.description,
    accessPackageId: answer.accessPackageId ?? undefined,
    expiration: expirationOf(answer),
    requestorSettings: answer.requestorSettings,
    requestApprovalSettings: {
      isApprovalRequiredForAdd: approval?.isApprovalRequired,
      stages: approval?.approvalStages,
    },
    // Beta does not tell.
    automatic: false,
    kept: present({
      accessReviewSettings: answer.accessReviewSettings,
      canExtend: answer.canExtend,
    }),
  }));

type Lifetime = {
  durationInDays?: number | null | undefined;
  expirationDateTime?: string | null | undefined;
};

function expirationOf({ durationInDays, expirationDateTime }: Lifetime) {
  if (expirationDateTime) return { type: 'afterDateTime', endDateTime: expirationDateTime };
  if (durationInDays) return { type: 'afterDuration', duration: `P${durationInDays}D` };
  return { type: 'noExpiration' };
}

/**
 * The members of beta.
 * Source: https://learn.microsoft.com/graph/api/resources/entitlementmanagement-overview?view=graph-rest-beta
 */
const beta: PublishedVersion = {
  version: 'beta',
  collections: {
    catalogs: 'accessPackageCatalogs',
    catalogResources: 'accessPackageResources',
    catalogResourceRoles: 'accessPackageResourceRoles',
    resourceRequests: 'accessPackageResourceRequests',
    roleScopes: 'accessPackageResourceRoleScopes',
    policies: 'accessPackageAssignmentPolicies',
    assignments: 'accessPackageAssignments',
    requests: 'accessPackageAssignmentRequests',
  },
  members: {
    resource: 'accessPackageResource',
    role: 'accessPackageResourceRole',
    scope: 'accessPackageResourceScope',
    assignment: 'accessPackageAssignment',
  },
  expand: {
    catalogResources: 'accessPackageResourceRoles,accessPackageResourceScopes',
    packages: undefined,
    package:
      'accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope)',
    policies: undefined,
    assignments: 'target',
    requests: 'accessPackage,accessPackageAssignment($expand=target),requestor',
  },
  progress: {
    select: 'id,requestState,requestStatus,createdDateTime,completedDate',
    expand: 'accessPackageAssignment',
  },
  requestTypes: { add: 'AdminAdd', update: 'AdminUpdate', remove: 'AdminRemove' },
  inState: (state) => `requestState eq '${state.charAt(0).toUpperCase()}${state.slice(1)}'`,
  published: { catalogStatus: 'Published' },
  packageBody: (properties, catalogId) => ({ catalogId, ...properties }),
  resourceRequestBody: ({ catalogId, originSystem, originId }) => ({
    catalogId,
    requestType: 'AdminAdd',
    executeImmediately: true,
    accessPackageResource: { originId, originSystem },
  }),
  policyBody,
  policyAnswer: BetaAssignmentPolicy,
};

/**
 * The same operations as in v1.0 by other names. Two go to v1.0: beta does not tell whether a policy allows a schedule or
 * gives access by a rule, and its page shows no update of a schedule.
 */
export const betaRoutes = {
  ...publishedRoutes(beta),
  ...changeRoutes(beta),
  getAssignmentPolicy: v1Routes.getAssignmentPolicy,
  submitUpdate: v1Routes.submitUpdate,
};

/**
 * A policy for direct assignment by an administrator: nobody may ask for the package themselves.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackageassignmentpolicies?view=graph-rest-beta
 */
function policyBody(policy: NewPolicy): object {
  const { packageId, displayName, description, expiration, approval } = policy;
  return {
    accessPackageId: packageId,
    displayName,
    description,
    ...lifetime(expiration),
    accessReviewSettings: null,
    requestorSettings: { scopeType: 'NoSubjects', acceptRequests: true, allowedRequestors: [] },
    requestApprovalSettings: approvalSettings(approval),
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
