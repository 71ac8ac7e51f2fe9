import { existingOpenRequest, invalidRequest, noActiveGrant, resourceNotFound } from '../errors';
import type { View } from '../state/lag';
import type { AssignmentRequest, Schedule } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import {
  hasOpenRequest,
  requireGrantable,
  requireNothingInTheWay,
  requireTarget,
  type Named,
} from './conditions';
import { enterStep, isActive } from './deliver';
import { newId } from './ids';
import { delivery, scriptFor } from './scripts';

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
    script: [{ state: 'submitted', forMs: tenant.pace.deliveryMs }, ...delivery(tenant)],
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
