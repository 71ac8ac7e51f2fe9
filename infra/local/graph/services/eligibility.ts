import type { Policy, SubjectSet, User } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { isMember } from './grants';

/** Scopes that every user of the directory is in. `notSpecified` is the policy for direct assignment by administrators. */
const everyUser = new Set(['notSpecified', 'allMemberUsers', 'allDirectoryUsers']);

/**
 * Whether a user fits a policy; it binds administrators too.
 * docs: https://learn.microsoft.com/graph/api/resources/accesspackageassignmentpolicy (allowedTargetScope)
 */
export function isEligible(tenant: Tenant, policy: Policy, user: User): boolean {
  if (everyUser.has(policy.allowedTargetScope)) return true;
  if (policy.allowedTargetScope !== 'specificDirectoryUsers') return false;
  return policy.specificAllowedTargets.some((set) => includes(tenant, set, user));
}

function includes(tenant: Tenant, set: SubjectSet, user: User): boolean {
  switch (set['@odata.type'].replace(/^#/, '')) {
    case 'microsoft.graph.singleUser':
      return set['userId'] === user.id;
    case 'microsoft.graph.groupMembers':
      return typeof set['groupId'] === 'string' && isMember(tenant, set['groupId'], user.id);
    default:
      return false;
  }
}
