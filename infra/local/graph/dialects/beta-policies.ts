import { invalidModel, invalidRequest, notSimulated } from '../errors';
import { flag, optionalObject, optionalText } from '../odata/body';
import type { Body } from '../odata/model';
import { withPolicyDefaults } from '../services/policies';
import { endOf } from '../services/schedules';
import type { Policy } from '../state/rows';

const dayMs = 86_400_000;

/** Reads a policy of beta into the stored shape, which is that of v1.0 with two members of beta. */
export function readBetaPolicy(
  body: Body,
): Omit<Policy, 'id' | 'packageId' | 'createdAt' | 'modifiedAt'> {
  if (optionalObject(body, 'accessReviewSettings') !== null) {
    throw notSimulated('access reviews of beta');
  }
  const requestor = optionalObject(body, 'requestorSettings') ?? {};
  const members = withPolicyDefaults({
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

/** The members of a stored policy that beta has under another name or in another shape than v1.0. */
export const betaPolicyValues = {
  accessPackageId: (policy: Policy) => policy.packageId,
  canExtend: (policy: Policy) => policy.canExtend ?? false,
  durationInDays: ({ expiration }: Policy) => lengthOf(expiration['duration'], dayMs),
  expirationDateTime: ({ expiration }: Policy) => expiration['endDateTime'] ?? null,
  requestorSettings: shownScope,
  requestApprovalSettings: shownApproval,
  accessReviewSettings: () => null,
  questions: () => [],
  verifiableCredentialSettings: () => null,
};

/** Beta's `requestorSettings.scopeType` by the `allowedTargetScope` of v1.0. */
const scopeTypes: Record<string, string> = {
  notSpecified: 'NoSubjects',
  specificDirectoryUsers: 'SpecificDirectorySubjects',
  specificConnectedOrganizationUsers: 'SpecificConnectedOrganizationSubjects',
  allConfiguredConnectedOrganizationUsers: 'AllConfiguredConnectedOrganizationSubjects',
  allMemberUsers: 'AllExistingDirectoryMemberUsers',
  allDirectoryUsers: 'AllExistingDirectorySubjects',
  allExternalUsers: 'AllExternalSubjects',
};

/** Who may have the package, in the shape of v1.0. */
function storedScope(settings: Body): Body {
  const scopeType = optionalText(settings, 'scopeType') ?? 'NoSubjects';
  const scope = Object.keys(scopeTypes).find((name) => scopeTypes[name] === scopeType);
  if (scope === undefined) throw invalidModel(`'${scopeType}' is not a value of 'scopeType'.`);
  const self = scope !== 'notSpecified' && flag(settings, 'acceptRequests', true);
  return {
    allowedTargetScope: scope,
    specificAllowedTargets: storedSets(settings['allowedRequestors'], 'all'),
    requestorSettings: { enableTargetsToSelfAddAccess: self, allowCustomAssignmentSchedule: true },
  };
}

/** Who may have the package, in the shape of beta. */
function shownScope(policy: Policy): Body {
  return {
    scopeType: scopeTypes[policy.allowedTargetScope] ?? policy.allowedTargetScope,
    acceptRequests: policy.acceptRequests ?? true,
    allowedRequestors: shownSets(policy.specificAllowedTargets),
  };
}

/* Beta has one list of people where v1.0 has two: isBackup marks the fallback approvers. */

/** The v1.0 name of `id` in a set of this kind. */
const idNames: Record<string, string> = {
  singleUser: 'userId',
  groupMembers: 'groupId',
  connectedOrganizationMembers: 'connectedOrganizationId',
};

const idNameOf = (set: Body): string | undefined => {
  const type = typeof set['@odata.type'] === 'string' ? set['@odata.type'] : '';
  return idNames[type.replace(/^#?microsoft\.graph\./, '')];
};

/** Sets of people in the shape of v1.0. */
function storedSets(sets: unknown, which: 'all' | 'primary' | 'backup'): Body[] {
  if (!Array.isArray(sets)) return [];
  return (sets as Body[])
    .filter((set) => which === 'all' || (set['isBackup'] === true) === (which === 'backup'))
    .map((set) => {
      const idName = idNameOf(set);
      return Object.fromEntries(
        Object.entries(set)
          .filter(([member]) => member !== 'isBackup')
          .map(([member, value]) => [member === 'id' ? (idName ?? member) : member, value]),
      );
    });
}

/** Sets of people in the shape of beta. */
function shownSets(sets: unknown, isBackup = false): Body[] {
  if (!Array.isArray(sets)) return [];
  return (sets as Body[]).map((set) => {
    const idName = idNameOf(set);
    if (idName === undefined) return { ...set, isBackup };
    const { [idName]: id, ...others } = set;
    return { ...others, isBackup, id };
  });
}

/** How long access lasts, in the shape of v1.0: until an end, for a number of days, or without end. */
function storedLifetime(body: Body): Body {
  const days = typeof body['durationInDays'] === 'number' ? body['durationInDays'] : 0;
  const endDateTime = optionalText(body, 'expirationDateTime');
  if (days < 0) throw invalidRequest("'durationInDays' must not be negative.");
  if (days > 0 && endDateTime !== null) {
    throw invalidRequest('A policy has a duration or an end, not both.');
  }
  if (endDateTime !== null) return { type: 'afterDateTime', endDateTime };
  return days > 0 ? { type: 'afterDuration', duration: `P${days}D` } : { type: 'noExpiration' };
}

const modes = ['NoApproval', 'SingleStage', 'Serial', 'Parallel'];

/** Who approves, in the shape of v1.0. */
function storedApproval(settings: Body): Body {
  const required = flag(settings, 'isApprovalRequired', false);
  const mode = optionalText(settings, 'approvalMode') ?? (required ? 'SingleStage' : 'NoApproval');
  if (!modes.includes(mode)) throw invalidModel(`'${mode}' is not a value of 'approvalMode'.`);
  if (required === (mode === 'NoApproval')) {
    throw invalidRequest("'approvalMode' does not agree with 'isApprovalRequired'.");
  }
  const stages = Array.isArray(settings['approvalStages']) ? settings['approvalStages'] : [];
  return {
    isApprovalRequiredForAdd: required,
    isApprovalRequiredForUpdate: flag(settings, 'isApprovalRequiredForExtension', false),
    isRequestorJustificationRequired: flag(settings, 'isRequestorJustificationRequired', false),
    stages: (stages as Body[]).map(storedStage),
  };
}

function storedStage(stage: Body): Body {
  const { approvalStageTimeOutInDays: days, escalationTimeInMinutes: minutes } = stage;
  return {
    durationBeforeAutomaticDenial: typeof days === 'number' ? `P${days}D` : null,
    isApproverJustificationRequired: flag(stage, 'isApproverJustificationRequired', false),
    isEscalationEnabled: flag(stage, 'isEscalationEnabled', false),
    durationBeforeEscalation: typeof minutes === 'number' ? `PT${minutes}M` : null,
    primaryApprovers: storedSets(stage['primaryApprovers'], 'primary'),
    fallbackPrimaryApprovers: storedSets(stage['primaryApprovers'], 'backup'),
    escalationApprovers: storedSets(stage['escalationApprovers'], 'primary'),
    fallbackEscalationApprovers: storedSets(stage['escalationApprovers'], 'backup'),
  };
}

/** Who approves, in the shape of beta. */
function shownApproval({ requestApprovalSettings: settings }: Policy): Body {
  const required = settings['isApprovalRequiredForAdd'] === true;
  const stages = Array.isArray(settings['stages']) ? (settings['stages'] as Body[]) : [];
  const mode = stages.length > 1 ? 'Serial' : 'SingleStage';
  return {
    isApprovalRequired: required,
    isApprovalRequiredForExtension: settings['isApprovalRequiredForUpdate'] === true,
    isRequestorJustificationRequired: settings['isRequestorJustificationRequired'] === true,
    approvalMode: required ? mode : 'NoApproval',
    approvalStages: stages.map(shownStage),
  };
}

function shownStage(stage: Body): Body {
  return {
    approvalStageTimeOutInDays: lengthOf(stage['durationBeforeAutomaticDenial'], dayMs),
    isApproverJustificationRequired: stage['isApproverJustificationRequired'] === true,
    isEscalationEnabled: stage['isEscalationEnabled'] === true,
    escalationTimeInMinutes: lengthOf(stage['durationBeforeEscalation'], 60_000),
    primaryApprovers: [
      ...shownSets(stage['primaryApprovers']),
      ...shownSets(stage['fallbackPrimaryApprovers'], true),
    ],
    escalationApprovers: [
      ...shownSets(stage['escalationApprovers']),
      ...shownSets(stage['fallbackEscalationApprovers'], true),
    ],
  };
}

/** The length of an ISO 8601 duration in a unit of so many milliseconds, rounded up. */
function lengthOf(duration: unknown, unitMs: number): number {
  const end = typeof duration === 'string' ? endOf(duration, 0) : undefined;
  return Math.ceil((end ?? 0) / unitMs);
}
