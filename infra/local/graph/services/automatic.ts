import { invalidModel, invalidRequest } from '../errors';
import type { Policy, User } from '../state/rows';
import { createRequest, hasOpenRequest, holds, isActive } from './delivery';
import { endOf } from './schedules';
import { delivery, unconditional } from './scripts';
import { ruleOf } from './membership-rules';
import type { Tenant } from './tenant';

/*
 * Policies that give access by a rule, and take it when the rule no longer holds.
 * docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-access-package-auto-assignment-policy
 */

type Members = Pick<
  Policy,
  'allowedTargetScope' | 'specificAllowedTargets' | 'automaticRequestSettings'
>;

export const isAutomatic = ({ automaticRequestSettings }: Members): boolean =>
  automaticRequestSettings?.['requestAccessForAllowedTargets'] === true;

/** The rule of an automatic policy; undefined for any other set of people. */
function ruleIn({ allowedTargetScope, specificAllowedTargets }: Members): string | undefined {
  const [only, ...others] = specificAllowedTargets;
  const isRule = only?.['@odata.type'].replace(/^#/, '') === 'microsoft.graph.attributeRuleMembers';
  const rule = only?.['membershipRule'];
  const isAlone = allowedTargetScope === 'specificDirectoryUsers' && others.length === 0;
  return isRule && isAlone && typeof rule === 'string' ? rule : undefined;
}

/** Whether a policy gives its package to a user. */
function includes(policy: Policy): (user: User) => boolean {
  const rule = isAutomatic(policy) ? ruleIn(policy) : undefined;
  return rule === undefined ? () => false : ruleOf(rule);
}

/** Refuses a rule that cannot be read, an approval, and a second automatic policy of a package. */
export function requireAutomatic(
  { tables }: Tenant,
  details: Omit<Policy, 'id' | 'createdAt' | 'modifiedAt'>,
  id?: string,
): void {
  if (!isAutomatic(details)) return;
  const rule = ruleIn(details);
  if (rule === undefined) {
    throw invalidModel('An automatic policy is for specific users by one attributeRuleMembers.');
  }
  ruleOf(rule);
  if (details.requestApprovalSettings['isApprovalRequiredForAdd'] === true) {
    throw invalidRequest('An automatic policy cannot require approval.');
  }
  const others = tables.policies.find('accessPackage', details.packageId);
  if (others.some(({ row }) => row.id !== id && isAutomatic(row))) {
    throw invalidRequest('The access package has an automatic policy already.');
  }
}

/** The people whom an automatic policy gives its package. */
export const targetsOf = ({ tables }: Tenant, policy: Policy): User[] =>
  isAutomatic(policy)
    ? tables.users
        .all()
        .map(({ row }) => row)
        .filter(includes(policy))
    : [];

/** Gives what one policy's rule gives by now, and takes what it gave before. */
export function applyRule(tenant: Tenant, policy: Policy): void {
  if (!isAutomatic(policy)) return;
  const targets = targetsOf(tenant, policy);
  for (const user of targets) give(tenant, policy, user);
  const kept = new Set(targets.map(({ id }) => id));
  for (const { row } of tenant.tables.assignments.find('accessPackage', policy.packageId)) {
    if (!kept.has(row.targetId)) take(tenant, policy, row.targetId);
  }
}

/** Gives one person what rules give them by now, and takes what rules gave before. */
export function applyRules(tenant: Tenant, userId: string): void {
  const user = tenant.tables.users.get(userId);
  for (const { row: policy } of tenant.tables.policies.all()) {
    if (!isAutomatic(policy)) continue;
    if (user !== undefined && includes(policy)(user)) give(tenant, policy, user);
    else take(tenant, policy, userId);
  }
}

/** People who hold the package already, or have requested it, are passed over. */
function give(tenant: Tenant, { id, packageId }: Policy, user: User): void {
  if (holds(tenant, packageId, user.id) || hasOpenRequest(tenant, packageId, user.id)) return;
  createRequest(tenant, {
    requestType: 'systemAdd',
    ...{ packageId, policyId: id, targetId: user.id, assignmentId: undefined },
    ...{ justification: null, schedule: undefined },
    script: unconditional(tenant),
  });
}

/** Takes only what this policy gave, after its time of grace. */
function take(tenant: Tenant, policy: Policy, targetId: string): void {
  const { id, packageId, automaticRequestSettings: settings } = policy;
  if (settings?.['removeAccessWhenTargetLeavesAllowedTargets'] !== true) return;
  const held = tenant.tables.assignments
    .find('target', targetId)
    .find(({ row }) => row.policyId === id && isActive(row));
  if (held === undefined || hasOpenRequest(tenant, packageId, targetId)) return;
  const grace = settings['gracePeriodBeforeAccessRemoval'];
  const now = tenant.now();
  const forMs = typeof grace === 'string' ? (endOf(grace, now) ?? now) - now : 0;
  createRequest(tenant, {
    requestType: 'systemRemove',
    ...{ packageId, policyId: id, targetId, assignmentId: held.row.id },
    ...{ justification: null, schedule: undefined },
    script: [{ state: 'scheduled', forMs }, ...delivery(tenant)],
  });
}
