import type { RequestStatus } from '../domain/workflow/step-outcome';

const requestStatuses: Readonly<Record<string, RequestStatus>> = {
  submitted: 'open',
  accepted: 'open',
  delivering: 'open',
  pendingapproval: 'waiting-for-approval',
  scheduled: 'scheduled',
  delivered: 'delivered',
  partiallydelivered: 'partial',
  deliveryfailed: 'failed',
  denied: 'denied',
  canceled: 'canceled',
};

const settled: readonly RequestStatus[] = ['delivered', 'failed', 'denied', 'canceled'];

/**
 * The status of a request by its Graph `state` in either spelling and any case; `status` only tells a wait for a custom extension apart.
 * Source: https://learn.microsoft.com/graph/api/resources/accesspackageassignmentrequest
 */
export function requestStatusOf(
  state: string | undefined,
  status: string | undefined,
): RequestStatus {
  const requestStatus = lookUp(requestStatuses, state) ?? 'unknown';
  const waits = status?.toLowerCase() === 'waitingforcallback';
  return waits && !settled.includes(requestStatus) ? 'waiting-for-callback' : requestStatus;
}

/** Whether the request still holds its person and package: Graph refuses a second one meanwhile. */
export function isOpen(status: RequestStatus): boolean {
  return !settled.includes(status);
}

/** The states of an open request in Graph, as v1.0 spells them. */
export const openStates = ['submitted', 'pendingApproval', 'scheduled', 'delivering'] as const;
export type OpenState = (typeof openStates)[number];

/** The type of a request as v1.0 spells it. */
export const requestTypeOf = (type: string | undefined): string | undefined =>
  type && `${type.charAt(0).toLowerCase()}${type.slice(1)}`;

/** Where an assignment stands; an `expired` one is history and gives no access. */
export type AssignmentStatus =
  'delivering' | 'delivered' | 'partial' | 'failed' | 'expired' | 'unknown';

const assignmentStatuses: Readonly<Record<string, AssignmentStatus>> = {
  delivering: 'delivering',
  delivered: 'delivered',
  partiallydelivered: 'partial',
  deliveryfailed: 'failed',
  expired: 'expired',
};

/** The status by the assignment's Graph state in either spelling and any case. */
export function assignmentStatusOf(state: string | undefined): AssignmentStatus {
  return lookUp(assignmentStatuses, state) ?? 'unknown';
}

function lookUp<Status>(table: Readonly<Record<string, Status>>, state = ''): Status | undefined {
  const key = state.toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
