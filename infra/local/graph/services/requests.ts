import {
  boundToAnother,
  existingOpenRequest,
  invalidModel,
  invalidRequest,
  noActiveGrant,
  resourceNotFound,
} from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage, Assignment, AssignmentRequest, Policy, Schedule } from '../state/rows';
import {
  hasOpenRequest,
  type Named,
  requireGrantable,
  requireNothingInTheWay,
  requireTarget,
  requireComplete,
} from './conditions';
import { delivery, enterStep, isActive, scriptFor } from './delivery';
import { grantRole, roleScopesOf } from './grants';
import { newId } from './ids';
import type { Tenant } from './tenant';

export type Asked = Named & {
  justification: string | null;
  schedule: Schedule | undefined;
};

/** Takes an administrator's request to give a person a package (adminAdd). */
export function submitGrant(tenant: Tenant, view: View, asked: Asked): AssignmentRequest {
  const { accessPackage, policy } = requireGrantable(tenant, view, asked);
  const user = requireTarget(tenant, view, policy, asked.targetId);
  const ownSchedule = policy.requestorSettings['allowCustomAssignmentSchedule'] === true;
  if (asked.schedule !== undefined && !ownSchedule) {
    throw invalidRequest('The policy does not allow a custom assignment schedule.');
  }
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
    script: [{ state: 'submitted', forMs: tenant.durations.deliveryMs }, ...delivery(tenant)],
  });
}

/** Takes a request that says neither who is to have what nor why it may: it stays as it is until a package is bound. */
export function submitUnbound(
  tenant: Tenant,
  justification: string,
  given: AssignmentRequest['given'],
): AssignmentRequest {
  return submitted(tenant, {
    requestType: 'adminAdd',
    assignmentId: undefined,
    justification,
    schedule: undefined,
    given,
    script: [{ state: 'submitted' }],
  });
}

type New = Pick<
  AssignmentRequest,
  | 'requestType'
  | 'packageId'
  | 'policyId'
  | 'targetId'
  | 'assignmentId'
  | 'justification'
  | 'schedule'
  | 'given'
  | 'script'
>;

/** Puts a new request into the first state of its script. */
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

/**
 * Gives a request that has none its package, from when on it passes through its states. Nobody is named, so only scripts
 * for everybody apply, and approval is waited for only if every policy of the package requires it. The same package
 * again changes nothing.
 */
export function bindRequest(tenant: Tenant, requestId: string, accessPackage: AccessPackage): void {
  const request = tenant.tables.requests.get(requestId);
  if (request === undefined) throw resourceNotFound('assignment request');
  if (request.packageId === accessPackage.id) return;
  if (request.packageId !== undefined) throw boundToAnother();
  requireComplete(tenant, accessPackage.id);
  const policies = tenant.tables.policies.find('accessPackage', accessPackage.id);
  const [first, ...others] = policies.map(({ row }) => row);
  if (first === undefined) throw resourceNotFound('policy of the access package');
  const policy = [first, ...others].find(({ requestApprovalSettings }) => {
    return requestApprovalSettings['isApprovalRequiredForAdd'] !== true;
  });
  const script = scriptFor(tenant, { accessPackage, policy: policy ?? first, schedule: undefined });
  const bound = { ...request, packageId: accessPackage.id, script };
  enterStep(tenant, bound, 0, tenant.now());
}

type Recorded = Named & {
  catalogId: string;
  isExtended: boolean;
  /** When it ends, as the caller wrote it. */
  expiredDateTime: string | null;
};

/**
 * Records that a person has a package, and gives them what it grants. The documents tie it to no request, so nothing is
 * asked of one; whatever stands in the way of a request does so here.
 */
export function recordAssignment(tenant: Tenant, view: View, recorded: Recorded): Assignment {
  const { accessPackage, policy } = requireGrantable(tenant, view, recorded);
  const { catalogId } = tenant.tables.accessPackages.get(accessPackage.id) ?? accessPackage;
  if (catalogId !== recorded.catalogId) throw resourceNotFound('access package in the catalog');
  const user = requireTarget(tenant, view, policy, recorded.targetId);
  requireNothingInTheWay(tenant, accessPackage, user);
  const schedule = scheduleOf(tenant, recorded.expiredDateTime, policy);
  const { endDateTime } = schedule.expiration;
  const assignment: Assignment = {
    id: newId(),
    packageId: accessPackage.id,
    policyId: policy.id,
    targetId: user.id,
    state: 'delivered',
    status: 'Delivered',
    schedule,
    isExtended: recorded.isExtended,
    createdAt: tenant.now(),
    expiredAt: undefined,
    dueAt: endDateTime === null ? undefined : Date.parse(endDateTime),
  };
  tenant.put('assignments', assignment);
  for (const role of roleScopesOf(tenant, accessPackage.id)) grantRole(tenant, assignment, role);
  return assignment;
}

/** The end is the caller's to give where the policy has one. */
function scheduleOf(tenant: Tenant, end: string | null, { expiration }: Policy): Schedule {
  const ends = expiration['type'] === 'afterDateTime' || expiration['type'] === 'afterDuration';
  if (ends && end === null) {
    throw invalidModel("'expiredDateTime' is required under a policy that has an end.");
  }
  const type = end === null ? 'noExpiration' : 'afterDateTime';
  return {
    startDateTime: new Date(tenant.now()).toISOString(),
    expiration: { type, endDateTime: end, duration: null },
  };
}
