import { endOf } from '../../services/schedules';
import { invalidModel, invalidRequest } from '../../errors';
import type { Body } from '../../odata/check-body';
import { flag, optionalText } from '../../odata/read';
import type { Policy } from '../../state/rows';
import { shownSets, storedSets } from './user-sets';

const modes = ['NoApproval', 'SingleStage', 'Serial', 'Parallel'];

/** Who approves, in the members of v1.0. */
export function storedApproval(settings: Body): Body {
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

/** Who approves, in the members of beta. */
export function shownApproval({ requestApprovalSettings: settings }: Policy): Body {
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
    approvalStageTimeOutInDays: lengthOf(stage['durationBeforeAutomaticDenial'], 86_400_000),
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

/** An ISO 8601 duration in units of so many milliseconds. */
function lengthOf(duration: unknown, unitMs: number): number {
  const end = typeof duration === 'string' ? endOf(duration, 0) : undefined;
  return Math.ceil((end ?? 0) / unitMs);
}
