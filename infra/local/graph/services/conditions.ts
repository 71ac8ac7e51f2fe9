import {
  existingGrant,
  existingOpenRequest,
  invalidRequest,
  notEligible,
  resourceNotFound,
  subjectNotFound,
} from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage, Policy, Schedule, SubjectSet, User } from '../state/rows';
import { hasOpenRequest, holds } from './delivery';
import { getUser } from './directory';
import { isMember, roleScopesOf } from './grants';
import { requirePackage } from './packages';
import { requirePolicy } from './policies';
import { scheduleOf } from './schedules';
import type { Tenant } from './tenant';

/* What must hold before a person can get a package, in any dialect. */

/** The ids of the package, its policy and the person who is to get it. */
export type GrantIds = { packageId: string; policyId: string; targetId: string };

/** The package and its policy, if the package can be granted at all. */
export function requireGrantable(
  tenant: Tenant,
  view: View,
  { packageId, policyId }: GrantIds,
): { accessPackage: AccessPackage; policy: Policy } {
  const accessPackage = requirePackage(tenant, view, packageId);
  const policy = requirePolicy(tenant, view, policyId);
  if (policy.packageId !== accessPackage.id) throw resourceNotFound('policy of the access package');
  requireComplete(tenant, accessPackage.id);
  return { accessPackage, policy };
}

/** Requires a published catalog and at least one role, without replica lag. */
export function requireComplete(tenant: Tenant, packageId: string): void {
  const accessPackage = requirePackage(tenant, undefined, packageId);
  requirePublished(tenant, accessPackage);
  requireRoles(tenant, accessPackage);
}

function requirePublished(tenant: Tenant, { catalogId }: AccessPackage): void {
  if (tenant.tables.catalogs.get(catalogId ?? '')?.state !== 'published') {
    throw invalidRequest('The catalog of the access package is not published.');
  }
}

/**
 * A package without a role would be delivered and grant nothing. The answer of the real service is not published. The
 * simulator refuses, which reveals a client that did not complete its package.
 */
function requireRoles(tenant: Tenant, { id }: AccessPackage): void {
  if (roleScopesOf(tenant, id).length === 0) {
    throw invalidRequest('The access package has no resource role to grant.');
  }
}

/** The user, if the policy allows them to have the package. */
export function requireTarget(tenant: Tenant, view: View, policy: Policy, targetId: string): User {
  const user = getUser(tenant, view, targetId);
  if (user === undefined) throw subjectNotFound();
  if (!user.accountEnabled) throw invalidRequest('The account of the target is disabled.');
  if (!isEligible(tenant, policy, user)) throw notEligible();
  if (policy.acceptRequests === false) throw invalidRequest('The policy accepts no requests.');
  return user;
}

/**
 * Refuses a schedule of its own where the policy allows none, one whose end has passed, and one that outlasts the policy.
 * `from`: when the access begins or began. The codes are not published.
 */
export function requireSchedule(
  tenant: Tenant,
  policy: Policy,
  schedule: Schedule | undefined,
  from: number,
): void {
  if (schedule === undefined) return;
  if (policy.requestorSettings['allowCustomAssignmentSchedule'] !== true) {
    throw invalidRequest('The policy does not allow a custom assignment schedule.');
  }
  const end = scheduleEnd(scheduleOf(schedule, undefined, from));
  if (end <= tenant.now()) throw invalidRequest('The end of the schedule has passed.');
  if (end > scheduleEnd(scheduleOf(undefined, policy, from))) {
    throw invalidRequest('The schedule ends later than the policy allows.');
  }
}

const scheduleEnd = ({ expiration: { endDateTime } }: Schedule): number =>
  endDateTime === null ? Infinity : Date.parse(endDateTime);

/** Refuses while a request is open, the package is held, or an incompatible one is. */
export function requireNoConflict(tenant: Tenant, { id }: AccessPackage, user: User): void {
  if (hasOpenRequest(tenant, id, user.id)) throw existingOpenRequest();
  if (holds(tenant, id, user.id)) throw existingGrant();
  const { incompatibleWith } = requirePackage(tenant, undefined, id);
  if (incompatibleWith.some((other) => holds(tenant, other, user.id))) {
    throw invalidRequest('The target holds an access package that is incompatible with this one.');
  }
}

/** Scopes that include every user of the directory. `notSpecified` is for direct assignment by administrators. */
const everyUser = new Set(['notSpecified', 'allMemberUsers', 'allDirectoryUsers']);

/**
 * Whether a policy allows a user. It binds administrators too.
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
