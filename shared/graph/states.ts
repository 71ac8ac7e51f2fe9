import type { RequestPhase } from '../domain/workflow/settlement';

const requestPhases: Readonly<Record<string, RequestPhase>> = {
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

const settled: readonly RequestPhase[] = ['delivered', 'failed', 'denied', 'canceled'];

/**
 * The phase of a request by its `state` in either spelling and any case; `status` only tells a wait for a custom extension apart.
 * Source: https://learn.microsoft.com/graph/api/resources/accesspackageassignmentrequest
 */
export function requestPhase(state: string | undefined, status: string | undefined): RequestPhase {
  const phase = lookUp(requestPhases, state) ?? 'unknown';
  const waits = status?.toLowerCase() === 'waitingforcallback';
  return waits && !settled.includes(phase) ? 'waiting-for-callback' : phase;
}

/** Whether the request still holds its person and package: Graph refuses a second one meanwhile. */
export function isOpen(phase: RequestPhase): boolean {
  return !settled.includes(phase);
}

/** Where an assignment stands; an `expired` one is history and gives no access. */
export type AssignmentPhase =
  'delivering' | 'delivered' | 'partial' | 'failed' | 'expired' | 'unknown';

const assignmentPhases: Readonly<Record<string, AssignmentPhase>> = {
  delivering: 'delivering',
  delivered: 'delivered',
  partiallydelivered: 'partial',
  deliveryfailed: 'failed',
  expired: 'expired',
};

/** The phase by the assignment's state in either spelling and any case. */
export function assignmentPhase(state: string | undefined): AssignmentPhase {
  return lookUp(assignmentPhases, state) ?? 'unknown';
}

function lookUp<Phase>(table: Readonly<Record<string, Phase>>, state = ''): Phase | undefined {
  const key = state.toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
