import type { PlannedStep } from '../../shared/domain/lifecycle/plan';

/** A step of a plan for the account `u-1`: the grant of a package, unless changed. */
export const plannedStep = (
  packageKey: string,
  { action = 'grant', personId = 'W-1024', ...changes }: Partial<PlannedStep> = {},
): PlannedStep => ({
  ...{ id: `${action}:${packageKey}`, action, packageKey, personId, targetId: 'u-1' },
  ...{ ruleId: 'rule-1', wait: false, after: [], ids: {}, whose: 'ours', factHashes: [] },
  ...changes,
});
