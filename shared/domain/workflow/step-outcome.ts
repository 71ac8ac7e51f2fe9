import { z } from 'zod';
import type { Failed, Rejected } from './outcome';
import type { Timeouts } from './timeouts';

/** How a step ends that did not do what it was to do. The worst comes first, because it decides the outcome of the event. */
const notDone = [
  'needs-attention',
  'failed',
  'timed-out',
  'denied',
  'refused-sod',
  'approval-required',
] as const;

const ofAccess = ['delivered', 'already-held', 'revoked', 'partly-delivered', ...notDone] as const;

const WOULD = ['would-grant', 'would-revoke', 'would-extend', 'would-reprocess'] as const;

/** How one step ended. */
export const StepOutcome = z.enum([
  ...ofAccess,
  'extended',
  /** What it waited for is over. */
  'waited',
  /** Not ours, and no longer given by a rule: for a person to decide. */
  'handed-off',
  /** A later plan did not need it any more. */
  'superseded',
  /** In the mode `observe`: what would have been done. */
  ...WOULD,
  /** The reconciliation that asked for the run did not allow it. */
  'not-permitted',
  /** Nothing is carried out on this person. */
  'excluded',
  /** A person has dropped the removal that a brake held. */
  'discarded',
]);
export type StepOutcome = z.infer<typeof StepOutcome>;

/** How one attempt at one event ended; each attempt has exactly one. */
export const ClosingOutcome = z.enum([
  ...ofAccess,
  'rescinded',
  'superseded',
  'observed',
  'excluded',
  'discarded',
  'no-identity',
  'no-matching-rule',
  'terminated',
  /** Of a run of reconciliation: what it found, or why it could not tell. */
  'clean',
  'drift',
  'incomplete',
  'held',
  /** Of a decision about a brake of such a run; the other one is `discarded`. */
  'released',
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
      // Graph delivers although one read of the request was refused.
      return beyond(request, timeouts.delivery, {
        outcome: 'needs-attention',
        reason: 'request-unreadable',
      });
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

const gives = (outcome: StepOutcome): boolean =>
  outcome === 'delivered' || outcome === 'extended' || outcome === 'already-held';

export const isDone = (outcome: StepOutcome | undefined): boolean =>
  outcome !== undefined &&
  !(notDone as readonly string[]).includes(outcome) &&
  outcome !== 'partly-delivered';

/** What the fate of the event decides where none of its steps had to do anything. */
export const Ending = z.object({ outcome: ClosingOutcome, reason: z.string().optional() });
export type Ending = z.infer<typeof Ending>;

/**
 * The outcome of an event from those of its steps: everything was done, some access was given and something was not done, or
 * the worst of what was not done. `untouched` is the outcome if there was nothing to do.
 */
export function closingOutcome(
  steps: readonly StepOutcome[],
  untouched?: ClosingOutcome,
): ClosingOutcome {
  const worst = notDone.find((outcome) => steps.includes(outcome));
  const isPartial = steps.includes('partly-delivered');
  if (isPartial || (worst && steps.some(gives))) return 'partly-delivered';
  if (worst) return worst;
  if (steps.some((outcome) => outcome === 'delivered' || outcome === 'extended'))
    return 'delivered';
  if (steps.includes('revoked')) return 'revoked';
  if (WOULD.some((outcome) => steps.includes(outcome))) return 'observed';
  if (steps.includes('excluded')) return 'excluded';
  if (steps.includes('discarded')) return 'discarded';
  return untouched ?? (steps.includes('already-held') ? 'already-held' : 'no-matching-rule');
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
