import { invalidRequest } from '../errors';
import type {
  AccessPackage,
  Assignment,
  AssignmentRequest,
  Policy,
  Schedule,
  Step,
  User,
} from '../state/rows';
import { grantRole, roleScopesOf, withdrawRoles } from './grants';
import { newId } from './ids';
import { scheduleOf } from './schedules';
import type { Tenant } from './tenant';

type Circumstances = {
  /** Absent if the dialect names no person. Then only scripts without a person apply. */
  user?: User;
  accessPackage: AccessPackage;
  policy: Policy;
  schedule: Schedule | undefined;
};

/** The states of an assignment request: those that the tenant file prescribes, else the usual ones. */
export function scriptFor(tenant: Tenant, circumstances: Circumstances): Step[] {
  const written = tenant.rules.scripts.find(
    ({ employeeId, packageName }) =>
      (employeeId === undefined || employeeId === circumstances.user?.employeeId) &&
      (packageName === undefined || packageName === circumstances.accessPackage.displayName),
  );
  if (written !== undefined) return written.states;
  const submitted = { state: 'submitted', forMs: tenant.durations.deliveryMs };
  const approval =
    circumstances.policy.requestApprovalSettings['isApprovalRequiredForAdd'] === true;
  if (approval) return [submitted, { state: 'pendingApproval' }];
  const waitMs = startOf(circumstances.schedule) - tenant.now();
  const scheduled = waitMs > 0 ? [{ state: 'scheduled', forMs: waitMs }] : [];
  return [submitted, ...scheduled, ...delivery(tenant)];
}

/** The usual last states: delivering, then delivered. */
export function delivery(tenant: Tenant): Step[] {
  return [{ state: 'delivering', forMs: tenant.durations.deliveryMs }, { state: 'delivered' }];
}

function startOf(schedule: Schedule | undefined): number {
  const start = Date.parse(schedule?.startDateTime ?? '');
  return Number.isNaN(start) ? 0 : start;
}

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
  const changed =
    entered.requestType === 'adminAdd' ? give(tenant, entered, at) : take(tenant, entered, at);
  tenant.put('requests', changed);
  return changed;
}

/** Moves a request to its next step when it is due. Does nothing if the row has changed since. */
export function advanceRequest(tenant: Tenant, id: string, dueAt: number): void {
  const request = tenant.tables.requests.get(id);
  if (request?.dueAt === dueAt) enterStep(tenant, request, request.step + 1, dueAt);
}

/** Ends an assignment when it is due. Does nothing if the row has changed since. */
export function expireAssignment(tenant: Tenant, id: string, dueAt: number): void {
  const assignment = tenant.tables.assignments.get(id);
  if (assignment?.dueAt !== dueAt) return;
  const expired = {
    state: 'expired',
    status: 'Expired',
    expiredAt: dueAt,
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

/** A delivered removal ends the assignment a moment later, as in the real service. */
function take(tenant: Tenant, request: AssignmentRequest, at: number): AssignmentRequest {
  const assignment = tenant.tables.assignments.get(request.assignmentId ?? '');
  if (request.state === 'delivered' && assignment !== undefined) {
    tenant.put('assignments', { ...assignment, dueAt: at + 1 });
  }
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

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-reprocess */
export function reprocessRequest(tenant: Tenant, request: AssignmentRequest): void {
  if (!repairable.has(request.state)) {
    throw invalidRequest(`A request in the state ${request.state} cannot be reprocessed.`);
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
