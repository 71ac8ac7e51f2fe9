import {
  boundToAnother,
  duplicateKey,
  existingOpenRequest,
  invalidModel,
  noActiveGrant,
  resourceNotFound,
} from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage, Assignment, AssignmentRequest, Policy, Schedule } from '../state/rows';
import {
  type GrantIds,
  requireComplete,
  requireGrantable,
  requireNoConflict,
  requireSchedule,
  requireTarget,
} from './conditions';
import { createRequest, enterStep, hasOpenRequest, isActive } from './delivery';
import { grantRole, roleScopesOf } from './grants';
import { folded } from '../state/tables';
import { newId } from './ids';
import { requirePolicy } from './policies';
import { scriptFor, unconditional, updateScript } from './scripts';
import type { Tenant } from './tenant';

export type GrantRequest = GrantIds & {
  justification: string | null;
  schedule: Schedule | undefined;
};

/** Accepts an administrator's request to give a person a package (adminAdd). */
export function submitGrant(tenant: Tenant, view: View, details: GrantRequest): AssignmentRequest {
  const { accessPackage, policy } = requireGrantable(tenant, view, details);
  const user = requireTarget(tenant, view, policy, details.targetId);
  requireSchedule(tenant, policy, details.schedule, tenant.now());
  requireNoConflict(tenant, accessPackage, user);
  const script = scriptFor(tenant, { user, accessPackage, policy, schedule: details.schedule });
  return createRequest(tenant, {
    ...details,
    requestType: 'adminAdd',
    assignmentId: undefined,
    script,
  });
}

/** What a request about an assignment says beside its type. */
type AboutAssignment = { assignmentId: string; justification: string | null };

/** Accepts an administrator's request to end an assignment (adminRemove). */
export function submitRemoval(
  tenant: Tenant,
  view: View,
  { assignmentId, justification }: AboutAssignment,
): AssignmentRequest {
  const { packageId, policyId, targetId } = requireChangeable(tenant, view, assignmentId);
  return createRequest(tenant, {
    requestType: 'adminRemove',
    ...{ packageId, policyId, targetId, justification, assignmentId },
    schedule: undefined,
    script: unconditional(tenant),
  });
}

/** Accepts an administrator's request for another end of an assignment (adminUpdate). */
export function submitUpdate(
  tenant: Tenant,
  view: View,
  { assignmentId, justification, schedule }: AboutAssignment & { schedule: Schedule },
): AssignmentRequest {
  const { packageId, policyId, targetId } = requireChangeable(tenant, view, assignmentId);
  const policy = requirePolicy(tenant, undefined, policyId);
  requireSchedule(tenant, policy, schedule, tenant.now());
  return createRequest(tenant, {
    requestType: 'adminUpdate',
    ...{ packageId, policyId, targetId, justification, assignmentId, schedule },
    script: updateScript(tenant, policy),
  });
}

/** The assignment, if it is active and no request about it is open. */
function requireChangeable(tenant: Tenant, view: View, assignmentId: string): Assignment {
  if (tenant.tables.assignments.get(assignmentId, view) === undefined) {
    throw resourceNotFound('assignment');
  }
  const assignment = tenant.tables.assignments.get(assignmentId);
  if (assignment === undefined || !isActive(assignment)) throw noActiveGrant();
  const { packageId, targetId } = assignment;
  if (hasOpenRequest(tenant, packageId, targetId)) throw existingOpenRequest();
  return assignment;
}

/** Accepts a request that names no person, package or policy. It stays `submitted` until a package is bound to it. */
export function submitUnbound(
  tenant: Tenant,
  justification: string,
  given: AssignmentRequest['given'],
  id = newId(),
): AssignmentRequest {
  if (tenant.tables.requests.get(id) !== undefined) throw duplicateKey();
  return createRequest(tenant, {
    id,
    requestType: 'adminAdd',
    assignmentId: undefined,
    justification,
    schedule: undefined,
    given,
    script: [{ state: 'submitted' }],
  });
}

/** Long ago in this tenant: before whatever a client may look back for. */
const LONG_AGO_MS = 30 * 86_400_000;

/** Adds requests of one person for a package that were denied a month ago, as a tenant collects them over its years. */
export function addPastRequests(
  tenant: Tenant,
  packageName: string,
  employeeId: string,
  count: number,
): void {
  const [found] = tenant.tables.accessPackages.find('displayName', folded(packageName));
  const [user] = tenant.tables.users.find('employeeId', folded(employeeId));
  if (found === undefined || user === undefined) throw resourceNotFound('access package or user');
  const at = tenant.now() - LONG_AGO_MS;
  const past = {
    ...{ requestType: 'adminAdd' as const, packageId: found.row.id, targetId: user.row.id },
    ...{ assignmentId: undefined, justification: 'past', schedule: undefined },
    ...{ state: 'denied', status: 'Denied', createdAt: at, completedAt: at },
    ...{ script: [{ state: 'denied' }], step: 0, dueAt: undefined },
  };
  for (let added = 0; added < count; added += 1) tenant.put('requests', { id: newId(), ...past });
}

/**
 * Binds a package to a request, which then passes through its states. Because no person is named, only scripts without a
 * person apply, and approval is needed only if every policy of the package requires it. Binding the same package again
 * changes nothing.
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

type RecordedGrant = GrantIds & {
  /** Given by the client; undefined if the service gives it. */
  id: string | undefined;
  catalogId: string;
  isExtended: boolean;
  /** When it ends, as the caller wrote it. */
  expiredDateTime: string | null;
};

/**
 * Records that a person has a package, and gives them its roles. The documents tie it to no request, so none is required.
 * Whatever prevents a request prevents this too.
 */
export function recordAssignment(tenant: Tenant, view: View, recorded: RecordedGrant): Assignment {
  const { accessPackage, policy } = requireGrantable(tenant, view, recorded);
  const { catalogId } = tenant.tables.accessPackages.get(accessPackage.id) ?? accessPackage;
  if (catalogId !== recorded.catalogId) throw resourceNotFound('access package in the catalog');
  const user = requireTarget(tenant, view, policy, recorded.targetId);
  requireNoConflict(tenant, accessPackage, user);
  const schedule = scheduleOf(tenant, recorded.expiredDateTime, policy);
  const { endDateTime } = schedule.expiration;
  const id = recorded.id ?? newId();
  if (tenant.tables.assignments.get(id) !== undefined) throw duplicateKey();
  const assignment: Assignment = {
    id,
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

/** The caller must give an end if the policy has one. */
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
