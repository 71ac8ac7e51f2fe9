import { invalidRequest } from '../errors';
import type { Assignment, AssignmentRequest } from '../state/rows';
import { both } from '../state/tables';
import { grantRole, roleScopesOf, withdrawRoles } from './grants';
import { newId } from './ids';
import { scheduleOf } from './schedules';
import { delivery } from './scripts';
import type { Tenant } from './tenant';

/** The `status` that Graph writes beside a state, unless a script has another. */
const usualStatus: Record<string, string> = {
  submitted: 'Accepted',
  pendingApproval: 'PendingApproval',
  scheduled: 'PendingNotBefore',
  delivering: 'Delivering',
  delivered: 'Delivered',
  partiallyDelivered: 'PartiallyDelivered',
  deliveryFailed: 'DeliveryFailed',
  denied: 'Denied',
  canceled: 'Canceled',
};

/** States that a request leaves only by an action. */
const settledStates = new Set([
  'delivered',
  'partiallyDelivered',
  'deliveryFailed',
  'denied',
  'canceled',
]);

/** Whether a request prevents another one for the same person and package. */
export const isOpen = ({ state }: AssignmentRequest): boolean => !settledStates.has(state);

/** Whether an assignment counts as held. */
export const isActive = ({ state }: Assignment): boolean =>
  state !== 'expired' && state !== 'deliveryFailed';

export function hasOpenRequest(tenant: Tenant, packageId: string, targetId: string): boolean {
  const found = tenant.tables.requests.find('accessPackageAndTarget', both(packageId, targetId));
  return found.some(({ row }) => isOpen(row));
}

export function holds(tenant: Tenant, packageId: string, targetId: string): boolean {
  const found = tenant.tables.assignments.find('accessPackageAndTarget', both(packageId, targetId));
  return found.some(({ row }) => isActive(row));
}

type NewRequest = Pick<
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
> & { id?: string };

/** Creates a request in the first state of its script. */
export function createRequest(tenant: Tenant, details: NewRequest): AssignmentRequest {
  const now = tenant.now();
  const request: AssignmentRequest = {
    id: newId(),
    ...details,
    state: 'submitted',
    status: 'Accepted',
    createdAt: now,
    completedAt: undefined,
    step: 0,
    dueAt: undefined,
  };
  return enterStep(tenant, request, 0, now);
}

/** Moves a request to a step of its script and changes assignment and membership accordingly. */
export function enterStep(
  tenant: Tenant,
  request: AssignmentRequest,
  index: number,
  at: number,
): AssignmentRequest {
  const step = request.script[index];
  if (step === undefined) return request;
  const entered: AssignmentRequest = {
    ...request,
    step: index,
    state: step.state,
    status: step.status ?? usualStatus[step.state] ?? step.state,
    dueAt: step.forMs === undefined ? undefined : at + step.forMs,
    completedAt: settledStates.has(step.state) ? (request.completedAt ?? at) : undefined,
  };
  const changed = effectOf(entered)(tenant, entered, at);
  tenant.put('requests', changed);
  return changed;
}

type Effect = (tenant: Tenant, request: AssignmentRequest, at: number) => AssignmentRequest;

function effectOf({ requestType }: AssignmentRequest): Effect {
  if (requestType === 'adminUpdate') return reschedule;
  return requestType.endsWith('Remove') ? take : give;
}

/** Moves a request to its next step when it is due. Does nothing if the row has changed since. */
export function advanceRequest(tenant: Tenant, id: string, dueAt: number): void {
  const request = tenant.tables.requests.get(id);
  if (request?.dueAt === dueAt) enterStep(tenant, request, request.step + 1, dueAt);
}

/** Ends an assignment when it is due. Does nothing if the row has changed since. */
export function expireAssignment(tenant: Tenant, id: string, dueAt: number): void {
  const assignment = tenant.tables.assignments.get(id);
  if (assignment?.dueAt === dueAt) endAssignment(tenant, assignment, dueAt);
}

/** Ends an assignment, and takes its roles back. */
export function endAssignment(tenant: Tenant, assignment: Assignment, at: number): void {
  const expired = {
    state: 'expired',
    status: 'Expired',
    expiredAt: at,
    dueAt: undefined,
  };
  tenant.put('assignments', { ...assignment, ...expired });
  withdrawRoles(tenant, assignment);
}

const assignmentStates = new Set([
  'delivering',
  'partiallyDelivered',
  'delivered',
  'deliveryFailed',
]);

/** A request without a person grants nothing: the draft documents record the assignment separately. */
function give(tenant: Tenant, request: AssignmentRequest, at: number): AssignmentRequest {
  if (!assignmentStates.has(request.state) || !isBound(request)) return request;
  if (tenant.tables.users.get(request.targetId) === undefined) return failed(request, at);
  const assignment = assignmentOf(tenant, request, at);
  const ends = assignment.schedule.expiration.endDateTime;
  const given: Assignment = {
    ...assignment,
    state: request.state,
    status: request.status,
    dueAt: request.state === 'delivered' && ends !== null ? Date.parse(ends) : undefined,
  };
  tenant.put('assignments', given);
  const roles = roleScopesOf(tenant, request.packageId);
  const granted =
    request.state === 'delivered'
      ? roles
      : request.state === 'partiallyDelivered'
        ? roles.slice(0, -1)
        : [];
  for (const role of granted) grantRole(tenant, given, role);
  return { ...request, assignmentId: given.id };
}

type BoundRequest = AssignmentRequest & { packageId: string; policyId: string; targetId: string };

const isBound = (request: AssignmentRequest): request is BoundRequest =>
  request.packageId !== undefined &&
  request.policyId !== undefined &&
  request.targetId !== undefined;

function assignmentOf(tenant: Tenant, request: BoundRequest, at: number): Assignment {
  const known = tenant.tables.assignments.get(request.assignmentId ?? '');
  if (known !== undefined) return known;
  const policy = tenant.tables.policies.get(request.policyId);
  return {
    id: newId(),
    packageId: request.packageId,
    policyId: request.policyId,
    targetId: request.targetId,
    state: request.state,
    status: request.status,
    schedule: scheduleOf(request.schedule, policy, at),
    createdAt: at,
    expiredAt: undefined,
    dueAt: undefined,
  };
}

/** What cannot be carried out any more: its person was deleted, or its assignment has ended. */
const failed = (request: AssignmentRequest, at: number): AssignmentRequest => ({
  ...{ ...request, state: 'deliveryFailed', status: 'DeliveryFailed' },
  ...{ dueAt: undefined, completedAt: at },
});

const REMOVAL_MS = 50;

/** A delivered removal ends the assignment a moment later, as in the real service. */
function take(tenant: Tenant, request: AssignmentRequest, at: number): AssignmentRequest {
  const assignment = tenant.tables.assignments.get(request.assignmentId ?? '');
  if (request.state === 'delivered' && assignment !== undefined && isActive(assignment)) {
    tenant.put('assignments', { ...assignment, dueAt: at + REMOVAL_MS });
  }
  return request;
}

/** A delivered update moves the end of the assignment. */
function reschedule(tenant: Tenant, request: AssignmentRequest, at: number): AssignmentRequest {
  const assignment = tenant.tables.assignments.get(request.assignmentId ?? '');
  if (request.state !== 'delivered' || request.schedule === undefined) return request;
  if (assignment === undefined || !isActive(assignment)) return failed(request, at);
  const { expiration } = scheduleOf(request.schedule, undefined, at);
  const { startDateTime } = assignment.schedule;
  const { endDateTime } = expiration;
  tenant.put('assignments', {
    ...assignment,
    schedule: { startDateTime, expiration },
    isExtended: true,
    dueAt: endDateTime === null ? undefined : Date.parse(endDateTime),
  });
  return request;
}

/** Applies the decision of an approver to a pending request. */
export function decide(
  tenant: Tenant,
  request: AssignmentRequest,
  decision: 'approve' | 'deny',
): AssignmentRequest {
  if (request.state !== 'pendingApproval') {
    throw invalidRequest(`A request in the state ${request.state} cannot be decided.`);
  }
  const script = decision === 'approve' ? delivery(tenant) : [{ state: 'denied' }];
  return enterStep(tenant, { ...request, script }, 0, tenant.now());
}

const repairable = new Set(['deliveryFailed', 'partiallyDelivered']);

/** The page of the portal says 7 days, the reference page 14: the simulator takes the stricter reading. */
const REPROCESS_MS = 7 * 86_400_000;

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-reprocess */
export function reprocessRequest(tenant: Tenant, request: AssignmentRequest): void {
  if (!repairable.has(request.state)) {
    throw invalidRequest(`A request in the state ${request.state} cannot be reprocessed.`);
  }
  if (tenant.now() - (request.completedAt ?? 0) > REPROCESS_MS) {
    throw invalidRequest('The request was completed more than 7 days ago.');
  }
  enterStep(tenant, { ...request, script: delivery(tenant) }, 0, tenant.now());
}

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignment-reprocess */
export function reprocessAssignment(tenant: Tenant, assignment: Assignment): void {
  if (assignment.state !== 'delivered') {
    throw invalidRequest(`An assignment in the state ${assignment.state} cannot be reprocessed.`);
  }
  for (const role of roleScopesOf(tenant, assignment.packageId)) {
    grantRole(tenant, assignment, role);
  }
}
