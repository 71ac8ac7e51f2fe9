import type { Retry } from '../shared/domain/workflow/workflow-state';
import type { Failed, Later } from '../shared/domain/workflow/outcome';
import { backOff, retryBudgetFor, type RetryBudgets } from '../shared/domain/workflow/timeouts';
import { type Activity, type Answer } from '../shared/domain/workflow/activities';
import { call, type WorkflowGenerator, type DurableContext } from './durable';

/** How often a call that throws is made again; an exception is a defect, not weather. */
const DEFECTS = 3;

/** Reasons that stay the reason when budget is over; all others have simply timed out. */
const reasonsKeptOnTimeout = [
  'defect',
  'no-identity',
  'account-disabled',
  'assignment-not-visible',
];

export const noRetry = (now: Date): Retry => ({ since: now.toISOString(), tries: 0, defects: 0 });

/**
 * The only retry there is: turns `later` into the seconds to wait, never fewer than it asks for and more with each
 * try, or into its end once the budget for it has passed. Counts the try in `retry`.
 */
export function pauseFor(
  retry: Retry,
  later: Later,
  now: Date,
  timeouts: RetryBudgets,
): { kind: 'pause'; seconds: number } | Failed {
  const budget = retryBudgetFor(later.why, timeouts);
  if (later.why === 'defect') retry.defects += 1;
  const seconds = backOff(later.afterSeconds, retry.tries, budget);
  retry.tries += 1;
  const waited = (now.getTime() - Date.parse(retry.since)) / 1000;
  if (waited + seconds <= budget && retry.defects < DEFECTS) return { kind: 'pause', seconds };
  const why = reasonsKeptOnTimeout.includes(later.why) ? later.why : 'timed-out';
  return { kind: 'failed', why, ...(later.evidence && { evidence: later.evidence }) };
}

/** One call whose exception becomes a value, so that a defect takes the same bounded way as weather does. */
export function* callSafely<Input, Done extends object>(
  durable: DurableContext,
  activity: Activity<Input, Done>,
  input: Input,
): WorkflowGenerator<Answer<Done>> {
  try {
    return yield* call(durable, activity, input);
  } catch {
    // The text stays out: an exception may quote what it was given. The activity has logged its own code.
    return { outcome: { kind: 'later', afterSeconds: 5, why: 'defect' } };
  }
}

export const secondsFrom = (time: Date, seconds: number): Date =>
  new Date(time.getTime() + seconds * 1000);
