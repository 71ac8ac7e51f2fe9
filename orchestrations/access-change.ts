import type { OrchestrationContext } from 'durable-functions';
import { z } from 'zod';
import { activities } from '../shared/domain/workflow/activities';
import type { Failed, Later, Outcome, Rejected } from '../shared/domain/workflow/outcome';
import { START_OF_CHAIN } from '../shared/domain/workflow/run';
import { ClosingOutcome, endingOf } from '../shared/domain/workflow/step-outcome';
import type { RetryBudgets } from '../shared/domain/workflow/timeouts';
import { Retry, WorkflowState, type StepState } from '../shared/domain/workflow/workflow-state';
import {
  now,
  secondsFrom,
  sleepUntil,
  versionOf,
  type DurableContext,
  type WorkflowGenerator,
} from './durable';
import { callSafely, newRetry, retryOrEnd } from './retry';
import { secondsToNextPoll, settleSteps } from './settle-steps';
import { endStep, submitStep } from './submit-step';

// The workflow of one event:
//
//   1. begin     this execution becomes the run of its attempt
//   2. lock      the run acquires the lock of its worker
//   3. plan      facts and access model give one step per access package
//   4. submit    each step ensures its access package and submits the assignment request (submit-step.ts)
//   5. release   the lock is released before anything waits
//   6. settle    open requests are polled, and the end of each step is recorded (settle-steps.ts)
//   7. close     the claim is closed with the one closing row of the attempt
//
// It runs in passes. A pass does what can be done now and answers how many seconds to wait; the loop in `accessChange`
// waits on one durable timer and starts the next pass. WorkflowState holds everything that must survive a pass.

/** Seconds until the next pass, or the end of the orchestration. */
type Pause = number | 'over';

/** Tasks per generation. Each adds up to four history events, so a history stays below 500. */
const maxTasks = 90;

/** Closing is retried without end: after its retry budget, at this interval. */
const closeRetrySeconds = 900;

/** Used until beginRun answers with the timeouts of the run. */
const beginBudgets: RetryBudgets = { identity: 0, call: 6 * 3600, delivery: 0 };

/** The input of the first generation, and what each generation passes to the next. */
const WorkflowInput = z.object({
  eventHash: z.string(),
  attempt: z.number().int(),
  token: z.string(),
  state: WorkflowState.optional(),
  retry: Retry.optional(),
  wakeAt: z.string().optional(),
});
type WorkflowInput = z.infer<typeof WorkflowInput>;

export function* accessChange(context: OrchestrationContext): WorkflowGenerator<void> {
  const durable: DurableContext = { context, tasks: 0 };
  const input = WorkflowInput.parse(context.df.getInput());
  for (;;) {
    if (input.wakeAt) yield* sleepUntil(durable, new Date(input.wakeAt));
    const pause = yield* input.state ? nextPass(durable, input.state) : begin(durable, input);
    if (pause === 'over') return;
    input.wakeAt = pause > 0 ? secondsFrom(now(durable), pause).toISOString() : undefined;
    if (durable.tasks > maxTasks) {
      context.df.continueAsNew(input);
      return;
    }
  }
}

/** 1. A late or doubled execution is rejected here and ends. */
function* begin(durable: DurableContext, input: WorkflowInput): WorkflowGenerator<Pause> {
  const { eventHash, attempt, token } = input;
  const { instanceId } = durable.context.df;
  const version = versionOf(durable.context);
  const execution = { eventHash, attempt, token, instanceId, version };
  const { outcome } = yield* callSafely(durable, activities.beginRun, execution);
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind !== 'done') {
    const next = retryOrEnd(input, outcome, now(durable), beginBudgets);
    if (next.kind === 'failed') throw new Error(next.why);
    return next.seconds;
  }
  const { run, timeouts } = outcome;
  const chain = START_OF_CHAIN;
  input.state = { run, timeouts, chain, status: 'acting', fencingToken: 1, steps: [], polls: 0 };
  input.retry = undefined;
  return 0;
}

/** One pass. First releases a lock that an earlier pass could not release. */
function* nextPass(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Pause> {
  const releasePause = yield* releaseLock(durable, state);
  if (releasePause > 0) return releasePause;
  switch (state.status) {
    case 'acting':
      return yield* actUnderLock(durable, state);
    case 'settling':
      return yield* settleSteps(durable, state);
    case 'closing':
      return yield* close(durable, state);
  }
}

/** 2. A rejected lock means that the attempt is closed or that another execution runs it: this one ends. */
function* actUnderLock(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Pause> {
  const { run, fencingToken } = state;
  const { outcome } = yield* callSafely(durable, activities.acquireLock, { run, fencingToken });
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind !== 'done') return retryOrGiveUp(durable, state, outcome);
  const pause = yield* act(durable, state);
  state.pendingRelease = { fencingToken, retry: newRetry(now(durable)) };
  state.fencingToken += 1;
  return Math.max(pause, yield* releaseLock(durable, state));
}

/** Plans and submits. On `later` the next pass does both again; each activity finds what is already done. */
function* act(durable: DurableContext, state: WorkflowState): WorkflowGenerator<number> {
  const outcome = yield* planAndSubmit(durable, state);
  if (outcome.kind !== 'done') return retryOrGiveUp(durable, state, outcome);
  state.status = 'settling';
  state.retry = undefined;
  return secondsToNextPoll(durable, state);
}

/** 3. and 4. */
function* planAndSubmit(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Outcome> {
  const { outcome: plan } = yield* callSafely(durable, activities.planAccess, { run: state.run });
  if (plan.kind !== 'done') return plan;
  state.targetId = plan.targetId;
  const known = new Set(state.steps.map(({ packageKey }) => packageKey));
  const added = plan.steps.filter(({ packageKey }) => !known.has(packageKey));
  state.steps.push(...added.map((step): StepState => ({ ...step, status: 'planned' })));
  for (const step of state.steps) {
    const later = yield* submitStep(durable, state, step);
    if (later) return later;
  }
  return { kind: 'done' };
}

/** 5. Answers the seconds to wait if the lock cannot be released now; after the retry budget the lock is not released here. */
function* releaseLock(durable: DurableContext, state: WorkflowState): WorkflowGenerator<number> {
  if (!state.pendingRelease) return 0;
  const { fencingToken } = state.pendingRelease;
  const lock = { run: state.run, fencingToken };
  const { outcome } = yield* callSafely(durable, activities.releaseLock, lock);
  if (outcome.kind === 'later') {
    const next = retryOrEnd(state.pendingRelease, outcome, now(durable), state.timeouts);
    if (next.kind === 'retry') return next.seconds;
  }
  state.pendingRelease = undefined;
  return 0;
}

/** Waits within the retry budget. After it, and on any other outcome, ends the steps without a request. */
function retryOrGiveUp(
  durable: DurableContext,
  state: WorkflowState,
  outcome: Later | Rejected | Failed,
): number {
  const next = retryOrEnd(state, outcome, now(durable), state.timeouts);
  if (next.kind === 'retry') return next.seconds;
  giveUp(state, next);
  state.retry = undefined;
  return secondsToNextPoll(durable, state);
}

/** Ends each step without a request with `outcome`; without a plan, the event itself. */
function giveUp(state: WorkflowState, outcome: Rejected | Failed): void {
  for (const step of state.steps) {
    if (step.status === 'planned' || step.status === 'ensured') endStep(step, outcome);
  }
  state.status = state.steps.length > 0 ? 'settling' : 'closing';
  if (state.status === 'closing') state.closing = endingOf(outcome, ClosingOutcome);
}

/** 7. Uses a lock of its own. Retried until it succeeds, because no attempt may end without its closing row. */
function* close(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Pause> {
  const deliveries = state.steps.map(({ deliveredAt = '' }) => deliveredAt).sort();
  const { outcome } = yield* callSafely(durable, activities.closeRun, {
    run: state.run,
    fencingToken: state.fencingToken,
    chain: state.chain,
    at: now(durable).toISOString(),
    targetId: state.targetId,
    outcome: state.closing?.outcome ?? 'failed',
    reason: state.closing?.reason,
    deliveredAt: deliveries.at(-1) || undefined,
  });
  state.fencingToken += 1;
  if (outcome.kind !== 'later') return 'over';
  const next = retryOrEnd(state, outcome, now(durable), state.timeouts);
  return next.kind === 'retry' ? next.seconds : closeRetrySeconds;
}
