import { z } from 'zod';
import type { Failed, Rejected } from './outcome';
import type { Timeouts } from './timeouts';

/** How a step ends that gives no access. The worst comes first, because it decides the outcome of the event. */
const withoutAccess = [
  'needs-attention',
  'failed',
  'timed-out',
  'denied',
  'refused-sod',
  'approval-required',
] as const;

/** How one step ended. */
export const StepOutcome = z.enum([
  'delivered',
  'already-held',
  'partly-delivered',
  ...withoutAccess,
]);
export type StepOutcome = z.infer<typeof StepOutcome>;

/** How one attempt at one event ended; each attempt has exactly one. */
export const ClosingOutcome = z.enum([
  ...StepOutcome.options,
  'no-identity',
  'no-matching-rule',
  'terminated',
]);
export type ClosingOutcome = z.infer<typeof ClosingOutcome>;

/** The state of an assignment request, the same for every dialect. */
export const RequestStatus = z.enum([
  'open',
  'waiting-for-approval',
  'delivered',
  'partial',
  'failed',
  'denied',
  'canceled',
  'scheduled',
  'waiting-for-callback',
  'unreadable',
  'unknown',
]);
export type RequestStatus = z.infer<typeof RequestStatus>;

/** How a step ended, with the code that explains it. */
export const StepResult = z.object({ outcome: StepOutcome, reason: z.string().optional() });
export type StepResult = z.infer<typeof StepResult>;

/** What an open request waits for. Each has a deadline of its own, and none takes from another's. */
export const RequestWait = z.enum(['approval', 'delivery', 'partial']);
export type RequestWait = z.infer<typeof RequestWait>;

export function waitOf(status: RequestStatus): RequestWait {
  if (status === 'waiting-for-approval') return 'approval';
  return status === 'partial' ? 'partial' : 'delivery';
}

export type OpenRequest = {
  status: RequestStatus;
  /** Whether the access model says to wait for a pending approval. */
  wait: boolean;
  /** Seconds that the request has spent in the kind of wait that its status is of. */
  waited: number;
};

/** How an open request ends the step; undefined while it must be polled further. */
export function resultOf(request: OpenRequest, timeouts: Timeouts): StepResult | undefined {
  switch (request.status) {
    case 'delivered':
      return { outcome: 'delivered' };
    case 'denied':
      return { outcome: 'denied' };
    case 'canceled':
      return { outcome: 'denied', reason: 'canceled' };
    case 'failed':
      return { outcome: 'failed', reason: 'delivery-failed' };
    case 'partial':
      // Graph retries a partial delivery for hours and may complete it.
      return beyond(request, timeouts.partialGrace, {
        outcome: 'partly-delivered',
        reason: 'partially-delivered',
      });
    case 'waiting-for-approval':
      if (!request.wait) return { outcome: 'approval-required' };
      return beyond(request, timeouts.approval, {
        outcome: 'timed-out',
        reason: 'approval-deadline',
      });
    case 'unreadable':
      return { outcome: 'needs-attention', reason: 'request-unreadable' };
    case 'unknown':
      return beyond(request, timeouts.delivery, {
        outcome: 'needs-attention',
        reason: 'unknown-state',
      });
    case 'open':
    case 'scheduled':
    case 'waiting-for-callback':
      return beyond(request, timeouts.delivery, {
        outcome: 'timed-out',
        reason: 'delivery-deadline',
      });
  }
}

/** Whether a step can only have ended so because its request went to an approver. */
export const wentToApprover = ({ outcome, reason }: StepResult): boolean =>
  outcome === 'approval-required' ||
  reason === 'approval-deadline' ||
  (outcome === 'denied' && reason === undefined);

const beyond = (
  { waited }: OpenRequest,
  deadline: number,
  result: StepResult,
): StepResult | undefined => (waited < deadline ? undefined : result);

const holds = (outcome: StepOutcome): boolean =>
  outcome === 'delivered' || outcome === 'already-held';

/** The outcome of an event from those of its steps: all have access, some have, or the worst of none. */
export function closingOutcome(steps: readonly StepOutcome[]): ClosingOutcome {
  if (steps.length === 0) return 'no-matching-rule';
  if (steps.every((outcome) => outcome === 'already-held')) return 'already-held';
  if (steps.every(holds)) return 'delivered';
  if (steps.some((outcome) => holds(outcome) || outcome === 'partly-delivered')) {
    return 'partly-delivered';
  }
  return withoutAccess.find((outcome) => steps.includes(outcome)) ?? 'failed';
}

/**
 * A rejection or failure as one of `endings`: its own code if it is one (the reason is then what it is about), else
 * `needs-attention`, or `failed` for a defect.
 */
export function endingOf<Ending extends string>(
  outcome: Rejected | Failed,
  endings: z.ZodType<Ending>,
): { outcome: Ending | 'failed' | 'needs-attention'; reason?: string | undefined } {
  const code = outcome.kind === 'rejected' ? outcome.reason : outcome.why;
  const ending = endings.safeParse(code);
  if (ending.success) return { outcome: ending.data, reason: outcome.about };
  return { outcome: code === 'defect' ? 'failed' : 'needs-attention', reason: code };
}
