import {
  existingGrant,
  existingOpenRequest,
  invalidRequest,
  notEligible,
  resourceNotFound,
  subjectNotFound,
} from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage, Policy, SubjectSet, User } from '../state/rows';
import { both } from '../state/tables';
import { isActive, isOpen } from './delivery';
import { getUser } from './directory';
import { isMember, roleScopesOf } from './grants';
import { requirePackage } from './packages';
import { requirePolicy } from './policies';
import type { Tenant } from './tenant';

/* What must be so before a person is given a package, in whatever dialect. */

/** The ids that name what is to be given to whom. */
export type Named = { packageId: string; policyId: string; targetId: string };

/** The package and its policy, if it can be given at all. */
export function requireGrantable(
  tenant: Tenant,
  view: View,
  { packageId, policyId }: Named,
): { accessPackage: AccessPackage; policy: Policy } {
  const accessPackage = requirePackage(tenant, view, packageId);
  const policy = requirePolicy(tenant, view, policyId);
  if (policy.packageId !== accessPackage.id) throw resourceNotFound('policy of the access package');
  requireComplete(tenant, accessPackage.id);
  return { accessPackage, policy };
}

/** A package in a published catalog that grants something, as it truly is. */
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
 * A package that grants nothing would be delivered and give nobody anything. What the real service answers is unpublished;
 * the stricter of the two readings shows a client that left its package half made.
 */
function requireRoles(tenant: Tenant, { id }: AccessPackage): void {
  if (roleScopesOf(tenant, id).length === 0) {
    throw invalidRequest('The access package has no resource role to grant.');
  }
}

/** A person whom the policy lets have the package. */
export function requireTarget(tenant: Tenant, view: View, policy: Policy, targetId: string): User {
  const user = getUser(tenant, view, targetId);
  if (user === undefined) throw subjectNotFound();
  if (!user.accountEnabled) throw invalidRequest('The account of the target is disabled.');
  if (!isEligible(tenant, policy, user)) throw notEligible();
  if (policy.acceptRequests === false) throw invalidRequest('The policy accepts no requests.');
  return user;
}

/** Nothing asked for, held or incompatible. */
export function requireNothingInTheWay(tenant: Tenant, wanted: AccessPackage, user: User): void {
  if (hasOpenRequest(tenant, wanted.id, user.id)) throw existingOpenRequest();
  if (holds(tenant, wanted.id, user.id)) throw existingGrant();
  const { incompatibleWith } = requirePackage(tenant, undefined, wanted.id);
  if (incompatibleWith.some((other) => holds(tenant, other, user.id))) {
    throw invalidRequest('The target holds an access package that is incompatible with this one.');
  }
}

export function hasOpenRequest(tenant: Tenant, packageId: string, targetId: string): boolean {
  const found = tenant.tables.requests.find('accessPackageAndTarget', both(packageId, targetId));
  return found.some(({ row }) => isOpen(row));
}

function holds(tenant: Tenant, packageId: string, targetId: string): boolean {
  const found = tenant.tables.assignments.find('accessPackageAndTarget', both(packageId, targetId));
  return found.some(({ row }) => isActive(row));
}

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
