import {
  existingGrant,
  existingOpenRequest,
  invalidRequest,
  noActiveGrant,
  notEligible,
  resourceNotFound,
  subjectNotFound,
} from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage, AssignmentRequest, Policy, Schedule, User } from '../state/rows';
import { both } from '../state/tables';
import type { Tenant } from '../tenant/tenant';
import { enterStep, isActive, isOpen } from './deliver';
import { isEligible } from './eligibility';
import { roleScopesOf } from './grants';
import { newId } from './ids';
import { requirePackage } from './packages';
import { requirePolicy } from './policies';
import { delivery, scriptFor } from './scripts';
import { getUser } from './users';

export type Asked = {
  packageId: string;
  policyId: string;
  targetId: string;
  justification: string | null;
  schedule: Schedule | undefined;
};

/** Takes an administrator's request to give a person a package (adminAdd). */
export function submitGrant(tenant: Tenant, view: View, asked: Asked): AssignmentRequest {
  const accessPackage = requirePackage(tenant, view, asked.packageId);
  const policy = requirePolicy(tenant, view, asked.policyId);
  if (policy.packageId !== accessPackage.id) throw resourceNotFound('policy of the access package');
  requirePublished(tenant, accessPackage);
  requireRoles(tenant, accessPackage);
  const user = requireTarget(tenant, view, policy, asked);
  requireNothingInTheWay(tenant, accessPackage, user);
  const script = scriptFor(tenant, { user, accessPackage, policy, schedule: asked.schedule });
  return submitted(tenant, { ...asked, requestType: 'adminAdd', assignmentId: undefined, script });
}

/** Takes an administrator's request to end an assignment (adminRemove). */
export function submitRemoval(
  tenant: Tenant,
  view: View,
  assignmentId: string,
  justification: string | null,
): AssignmentRequest {
  if (tenant.tables.assignments.get(assignmentId, view) === undefined) {
    throw resourceNotFound('assignment');
  }
  const assignment = tenant.tables.assignments.get(assignmentId);
  if (assignment === undefined || !isActive(assignment)) throw noActiveGrant();
  const { packageId, policyId, targetId } = assignment;
  if (hasOpenRequest(tenant, packageId, targetId)) throw existingOpenRequest();
  return submitted(tenant, {
    requestType: 'adminRemove',
    packageId,
    policyId,
    targetId,
    justification,
    schedule: undefined,
    assignmentId,
    script: [{ state: 'submitted', forMs: tenant.pace.deliveryMs }, ...delivery(tenant)],
  });
}

type New = Asked & Pick<AssignmentRequest, 'requestType' | 'assignmentId' | 'script'>;

function submitted(tenant: Tenant, asked: New): AssignmentRequest {
  const now = tenant.now();
  const request: AssignmentRequest = {
    ...asked,
    id: newId(),
    state: 'submitted',
    status: 'Accepted',
    createdAt: now,
    completedAt: undefined,
    step: 0,
    dueAt: undefined,
  };
  return enterStep(tenant, request, 0, now);
}

function requirePublished(tenant: Tenant, { catalogId }: AccessPackage): void {
  if (tenant.tables.catalogs.get(catalogId)?.state !== 'published') {
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

function requireTarget(tenant: Tenant, view: View, policy: Policy, asked: Asked): User {
  const user = getUser(tenant, view, asked.targetId);
  if (user === undefined) throw subjectNotFound();
  if (!user.accountEnabled) throw invalidRequest('The account of the target is disabled.');
  if (!isEligible(tenant, policy, user)) throw notEligible();
  const ownSchedule = policy.requestorSettings['allowCustomAssignmentSchedule'] === true;
  if (asked.schedule !== undefined && !ownSchedule) {
    throw invalidRequest('The policy does not allow a custom assignment schedule.');
  }
  return user;
}

function requireNothingInTheWay(tenant: Tenant, wanted: AccessPackage, user: User): void {
  if (hasOpenRequest(tenant, wanted.id, user.id)) throw existingOpenRequest();
  if (holds(tenant, wanted.id, user.id)) throw existingGrant();
  const { incompatibleWith } = requirePackage(tenant, undefined, wanted.id);
  if (incompatibleWith.some((other) => holds(tenant, other, user.id))) {
    throw invalidRequest('The target holds an access package that is incompatible with this one.');
  }
}

function hasOpenRequest(tenant: Tenant, packageId: string, targetId: string): boolean {
  const found = tenant.tables.requests.find('accessPackageAndTarget', both(packageId, targetId));
  return found.some(({ row }) => isOpen(row));
}

function holds(tenant: Tenant, packageId: string, targetId: string): boolean {
  const found = tenant.tables.assignments.find('accessPackageAndTarget', both(packageId, targetId));
  return found.some(({ row }) => isActive(row));
}
