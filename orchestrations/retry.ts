import type { Activity, Answer } from '../shared/domain/workflow/activities';
import type { Failed, Later, Rejected } from '../shared/domain/workflow/outcome';
import {
  causeOf,
  nextTry,
  type Cause,
  type RetryBudgets,
} from '../shared/domain/workflow/timeouts';
import type { Waiting } from '../shared/domain/workflow/workflow-state';
import type { WorkflowState } from '../shared/domain/workflow/workflow-state';
import { call, now, secondsFrom, type DurableContext, type WorkflowGenerator } from './durable';

/** Reasons that stay the reason after the retry budget; every other one becomes `timed-out`. */
const reasonsKeptOnTimeout = [
  'defect',
  'no-identity',
  'account-disabled',
  'assignment-not-visible',
  'permission',
  'unauthenticated',
  'permission-lost',
  'authentication-lost',
  'roster-unreadable',
];

/** Not done yet: to be called again after so many seconds. */
export type Retry = { kind: 'retry'; seconds: number; cause: Cause };

/** An answer after the retry policy. `exhausted`: the cause that has lasted longer than its budget. */
export type Attempt<Done extends object> = {
  chain?: Answer<Done>['chain'];
  outcome: ({ kind: 'done' } & Done) | Rejected | Failed | Retry;
  exhausted?: Cause;
};

/**
 * Calls one activity and applies the retry policy: `later` becomes a retry, and a failure once its cause alone has lasted as
 * long as its budget. What the operation has waited for is kept in `holder.retries` until it ends. An exception becomes
 * `later` too, so that defects are retried within the same bounds.
 */
export function* callWithRetry<Input, Done extends object>(
  durable: DurableContext,
  holder: Pick<WorkflowState, 'retries' | 'retrying'>,
  {
    activity,
    key = '',
    budgets,
  }: { activity: Activity<Input, Done>; key?: string; budgets: RetryBudgets },
  input: Input,
): WorkflowGenerator<Attempt<Done>> {
  const operation = key ? `${activity.name}:${key}` : activity.name;
  const began = now(durable);
  const { outcome, chain } = yield* callSafely(durable, activity, input);
  const { [operation]: before, ...others } = holder.retries;
  holder.retries = others;
  if (holder.retrying?.operation === operation) holder.retrying = undefined;
  const known = chain && { chain };
  if (outcome.kind !== 'later') return { ...known, outcome };
  const answered = now(durable).getTime();
  const timing = { tookSeconds: (answered - began.getTime()) / 1000, now: answered };
  const next = nextTry(before, outcome, timing, budgets);
  if (!next) return { ...known, outcome: failureOf(outcome), exhausted: causeOf(outcome.why) };
  holder.retries = { ...others, [operation]: next.retries };
  holder.retrying = { operation, ...waitingOf(durable, outcome, next) };
  return {
    ...known,
    outcome: { kind: 'retry', seconds: next.seconds, cause: causeOf(outcome.why) },
  };
}

/** The wait of a retry, without an end where there is none: storage, and what a person has to decide. */
function waitingOf(
  durable: DurableContext,
  { why, until }: Later,
  { waited, budget }: { waited: number; budget: number },
): Waiting {
  const time = now(durable);
  const end = budget < Infinity ? secondsFrom(time, budget - waited).toISOString() : until;
  return {
    ...{ for: causeOf(why), reason: why, since: secondsFrom(time, -waited).toISOString() },
    ...(end !== undefined && { until: end }),
  };
}

function failureOf({ why, evidence }: Later): Failed {
  const kept = reasonsKeptOnTimeout.includes(why) ? why : 'timed-out';
  return { kind: 'failed', why: kept, ...(evidence && { evidence }) };
}

function* callSafely<Input, Done extends object>(
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
