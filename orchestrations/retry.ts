import type { Activity, Answer } from '../shared/domain/workflow/activities';
import type { Failed, Later, Rejected } from '../shared/domain/workflow/outcome';
import { backOff, retryBudgetFor, type RetryBudgets } from '../shared/domain/workflow/timeouts';
import type { Retry } from '../shared/domain/workflow/workflow-state';
import { call, type DurableContext, type WorkflowGenerator } from './durable';

/** A call fails after this many exceptions: an exception is a defect, which waiting rarely resolves. */
const maxDefects = 3;

/** Reasons that stay the reason after the retry budget; every other one becomes `timed-out`. */
const reasonsKeptOnTimeout = [
  'defect',
  'no-identity',
  'account-disabled',
  'assignment-not-visible',
];

export const newRetry = (time: Date): Retry => ({
  since: time.toISOString(),
  tries: 0,
  defects: 0,
});

/**
 * The only retry policy. Turns `later` into the seconds to wait: at least what the outcome asks for, more with each try. After
 * the retry budget it becomes a failure. Other outcomes stay as they are. Counts the try in `holder.retry`.
 */
export function retryOrEnd<End extends Rejected | Failed>(
  holder: { retry?: Retry | undefined },
  outcome: Later | End,
  time: Date,
  budgets: RetryBudgets,
): { kind: 'retry'; seconds: number } | Failed | End {
  const retry = (holder.retry ??= newRetry(time));
  if (outcome.kind !== 'later') return outcome;
  const budget = retryBudgetFor(outcome.why, budgets);
  if (outcome.why === 'defect') retry.defects += 1;
  const seconds = backOff(outcome.afterSeconds, retry.tries, budget);
  retry.tries += 1;
  const elapsed = (time.getTime() - Date.parse(retry.since)) / 1000;
  if (elapsed + seconds <= budget && retry.defects < maxDefects) return { kind: 'retry', seconds };
  const why = reasonsKeptOnTimeout.includes(outcome.why) ? outcome.why : 'timed-out';
  return { kind: 'failed', why, ...(outcome.evidence && { evidence: outcome.evidence }) };
}

/** Calls one activity; an exception becomes `later`, so that defects are retried within the same bounds. */
export function* callSafely<Input, Done extends object>(
  durable: DurableContext,
  activity: Activity<Input, Done>,
  input: Input,
): WorkflowGenerator<Answer<Done>> {
  try {
    return yield* call(durable, activity, input);
  } catch {
    // Without the text of the exception: it may quote personal data. The activity has logged where it happened.
    return { outcome: { kind: 'later', afterSeconds: 5, why: 'defect' } };
  }
}
