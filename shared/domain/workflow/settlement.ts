import { z } from 'zod';
import type { Timeouts } from './timeouts';
import type { StepResult } from './step-outcome';

/** What a request's state means, whichever dialect spelled it. */
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

export type OpenRequest = {
  status: RequestStatus;
  /** Whether the package says that a pending approval is waited for. */
  wait: boolean;
  /** Seconds since the request was submitted, and since it was first seen partly delivered. */
  elapsed: number;
  partialFor: number;
};

/** Whether the request has come to its end, and to which; undefined means: poll on. */
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
      // Graph keeps trying for hours and may yet heal it, so the first sight of a partial delivery decides nothing.
      return request.partialFor < timeouts.partialGrace
        ? undefined
        : { outcome: 'partly-delivered', reason: 'partially-delivered' };
    case 'waiting-for-approval':
      if (!request.wait) return { outcome: 'approval-required' };
      return beyond(request, timeouts.approval, {
        outcome: 'timed-out',
        reason: 'approval-deadline',
      });
    case 'unreadable':
      return { outcome: 'needs-attention', reason: 'request-unreadable' };
    case 'unknown':
      return beyond(request, deliveryDeadline(request, timeouts), {
        outcome: 'needs-attention',
        reason: 'unknown-state',
      });
    case 'open':
    case 'scheduled':
    case 'waiting-for-callback':
      return beyond(request, deliveryDeadline(request, timeouts), {
        outcome: 'timed-out',
        reason: 'delivery-deadline',
      });
  }
}

/** A request that is waited for may have been approved on the last day, and is delivered only then. */
const deliveryDeadline = ({ wait }: OpenRequest, { approval, delivery }: Timeouts): number =>
  wait ? approval + delivery : delivery;

const beyond = (
  request: OpenRequest,
  deadline: number,
  result: StepResult,
): StepResult | undefined => (request.elapsed < deadline ? undefined : result);
