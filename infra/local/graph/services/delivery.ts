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
  /** Absent where the dialect does not say for whom the request is: then only scripts for everybody fit. */
  user?: User;
  accessPackage: AccessPackage;
  policy: Policy;
  schedule: Schedule | undefined;
};

/** What happens to an assignment request: what the tenant file says of the person and package, else what is usual. */
export function scriptFor(tenant: Tenant, asked: Circumstances): Step[] {
  const written = tenant.rules.scripts.find(
    ({ employeeId, packageName }) =>
      (employeeId === undefined || employeeId === asked.user?.employeeId) &&
      (packageName === undefined || packageName === asked.accessPackage.displayName),
  );
  if (written !== undefined) return written.states;
  const submitted = { state: 'submitted', forMs: tenant.durations.deliveryMs };
  const approval = asked.policy.requestApprovalSettings['isApprovalRequiredForAdd'] === true;
  if (approval) return [submitted, { state: 'pendingApproval' }];
  const waitMs = startOf(asked.schedule) - tenant.now();
  const scheduled = waitMs > 0 ? [{ state: 'scheduled', forMs: waitMs }] : [];
  return [submitted, ...scheduled, ...delivery(tenant)];
}

/** The usual end: delivering, then delivered. */
export function delivery(tenant: Tenant): Step[] {
  return [{ state: 'delivering', forMs: tenant.durations.deliveryMs }, { state: 'delivered' }];
}

function startOf(schedule: Schedule | undefined): number {
  const start = Date.parse(schedule?.startDateTime ?? '');
  return Number.isNaN(start) ? 0 : start;
}

/** What Graph writes in `status` beside a state, unless a script says otherwise. */
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

/** States in which nothing more happens to a request unless somebody acts. */
const settledStates = new Set([
  'delivered',
  'partiallyDelivered',
  'deliveryFailed',
  'denied',
  'canceled',
]);

/** Whether a request stands in the way of another one for the same person and package. */
export const isOpen = ({ state }: AssignmentRequest): boolean => !settledStates.has(state);

/** Whether an assignment counts as held. */
export const isActive = ({ state }: Assignment): boolean =>
  state !== 'expired' && state !== 'deliveryFailed';

/** Brings a request into a step of its script, with all that the step does to assignment and membership. */
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
  const carriedOut =
    entered.requestType === 'adminAdd' ? give(tenant, entered, at) : take(tenant, entered, at);
  tenant.put('requests', carriedOut);
  return carriedOut;
}

/** The next step of a request whose time has come. A row that changed since is left alone. */
export function advanceRequest(tenant: Tenant, id: string, dueAt: number): void {
  const request = tenant.tables.requests.get(id);
  if (request?.dueAt === dueAt) enterStep(tenant, request, request.step + 1, tenant.now());
}

/** Ends an assignment whose time has come. A row that changed since is left alone. */
export function expireAssignment(tenant: Tenant, id: string, dueAt: number): void {
  const assignment = tenant.tables.assignments.get(id);
  if (assignment?.dueAt !== dueAt) return;
  const expired = {
    state: 'expired',
    status: 'Expired',
    expiredAt: tenant.now(),
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

/** A request that names no person gives nobody anything: in the draft documents the assignment is recorded by itself. */
function give(tenant: Tenant, request: AssignmentRequest, at: number): AssignmentRequest {
  if (!assignmentStates.has(request.state) || !namesAll(request)) return request;
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

type NamingAll = AssignmentRequest & { packageId: string; policyId: string; targetId: string };

const namesAll = (request: AssignmentRequest): request is NamingAll =>
  request.packageId !== undefined &&
  request.policyId !== undefined &&
  request.targetId !== undefined;

function assignmentOf(tenant: Tenant, request: NamingAll, at: number): Assignment {
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

/** A removal that is delivered ends the assignment a moment later, as the real service does. */
function take(tenant: Tenant, request: AssignmentRequest, at: number): AssignmentRequest {
  const assignment = tenant.tables.assignments.get(request.assignmentId ?? '');
  if (request.state === 'delivered' && assignment !== undefined) {
    tenant.put('assignments', { ...assignment, dueAt: at + 1 });
  }
  return request;
}

/** What an approver says about a request that waits for one. */
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
