import type { Retry } from '../shared/domain/workflow/workflow-state';
import type { Failed, Later } from '../shared/domain/workflow/outcome';
import { backOff, patienceFor, type Patience } from '../shared/domain/workflow/timeouts';
import { type Activity, type Answer } from '../shared/domain/workflow/activities';
import { call, type Leg, type Telling } from './durable';

/** How often a call that throws is made again; an exception is a defect, not weather. */
const DEFECTS = 3;

/** Reasons that stay the reason when patience is over; all others have simply timed out. */
const SPEAKING = ['defect', 'no-identity', 'account-disabled', 'assignment-not-visible'];

export const noRetry = (now: Date): Retry => ({ since: now.toISOString(), tries: 0, defects: 0 });

/**
 * The only retry there is: turns `later` into the seconds to wait, never fewer than it asks for and more with each
 * try, or into its end once the patience for it has passed. Counts the try in `retry`.
 */
export function pauseFor(
  retry: Retry,
  later: Later,
  now: Date,
  pace: Patience,
): { kind: 'pause'; seconds: number } | Failed {
  const patience = patienceFor(later.why, pace);
  if (later.why === 'defect') retry.defects += 1;
  const seconds = backOff(later.afterSeconds, retry.tries, patience);
  retry.tries += 1;
  const waited = (now.getTime() - Date.parse(retry.since)) / 1000;
  if (waited + seconds <= patience && retry.defects < DEFECTS) return { kind: 'pause', seconds };
  const why = SPEAKING.includes(later.why) ? later.why : 'timed-out';
  return { kind: 'failed', why, ...(later.evidence && { evidence: later.evidence }) };
}

/** One call whose exception becomes a value, so that a defect takes the same bounded way as weather does. */
export function* once<Input, Done extends object>(
  telling: Telling,
  activity: Activity<Input, Done>,
  input: Input,
): Leg<Answer<Done>> {
  try {
    return yield* call(telling, activity, input);
  } catch {
    // The text stays out: an exception may quote what it was given. The activity has logged its own code.
    return { outcome: { kind: 'later', afterSeconds: 5, why: 'defect' } };
  }
}

export const secondsFrom = (time: Date, seconds: number): Date =>
  new Date(time.getTime() + seconds * 1000);
