import type { OrchestrationContext } from 'durable-functions';
import { z } from 'zod';
import { activities } from '../shared/domain/workflow/activities';
import type { Failed, Rejected } from '../shared/domain/workflow/outcome';
import { START_OF_CHAIN } from '../shared/domain/workflow/run';
import { ClosingOutcome, endingOf, RequestWait } from '../shared/domain/workflow/step-outcome';
import { isShared, type RetryBudgets } from '../shared/domain/workflow/timeouts';
import {
  isLasting,
  isShown,
  RetriesByOperation,
  WorkflowState,
  type Waiting,
} from '../shared/domain/workflow/workflow-state';
import {
  call,
  now,
  secondsFrom,
  sleepUntil,
  versionOf,
  type DurableContext,
  type WorkflowGenerator,
} from './durable';
import { callWithRetry, type Retry } from './retry';
import { adoptPlan, carriedOut, isReady, isUnsent } from './plan-steps';
import {
  orNextPoll,
  secondsToNextLook,
  secondsToNextPoll,
  settleSteps,
  waitOfStep,
  withOpenRequest,
} from './settle-steps';
import { endStep, submitStep } from './submit-step';

// The workflow of one event:
//
//   1. begin     this execution becomes the run of its attempt
//   2. plan      under the lock of the person: the facts about them, the access model and what they hold give steps
//                (plan-steps.ts)
//   3. submit    each step makes its request; a grant ensures its access package before, unless that was found complete
//                (submit-step.ts). The last request releases the lock, before anything waits
//   4. settle    open requests are polled, and the end of each step is recorded (settle-steps.ts);
//                then back to 2 while a wait is over, a step may begin, the plan was partial, or changes by a date
//   5. close     the claim is closed with the one closing row of the attempt
//
// A joiner with one package that is complete makes six calls: begin, plan, submit, poll, settle and close.
//
// It runs in passes. A pass does what can be done now and answers how many seconds to wait; the loop in `accessChange`
// records what the run waits for if that lasts, waits on one durable timer and starts the next pass.
// WorkflowState holds everything that must survive a pass.

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
  retries: RetriesByOperation.optional(),
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
    if (input.state && pause > 0) yield* recordWait(durable, input.state, pause);
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
  const holder: Pick<WorkflowState, 'retries' | 'retrying'> = { retries: input.retries ?? {} };
  const operation = { activity: activities.beginRun, budgets: beginBudgets };
  const { chain, outcome } = yield* callWithRetry(durable, holder, operation, execution);
  input.retries = holder.retries;
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind === 'failed') throw new Error(outcome.why);
  if (outcome.kind === 'retry') return outcome.seconds;
  const { run, timeouts, priority } = outcome;
  input.state = {
    ...{
      run,
      timeouts,
      priority,
      chain: chain ?? START_OF_CHAIN,
      status: 'acting',
      fencingToken: 1,
    },
    ...{ steps: [], decided: [], isPlanned: false, isPartial: false, isOutdated: false },
    ...{ rounds: 0, passedOver: [], polls: 0, retries: {}, waits: [] },
  };
  input.retries = undefined;
  return 0;
}

/** One pass. First releases a lock that an earlier pass could not release. */
function* nextPass(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Pause> {
  const releasePause = yield* releaseLock(durable, state);
  if (releasePause > 0) return releasePause;
  switch (state.status) {
    case 'acting':
      return yield* act(durable, state);
    case 'settling':
      return yield* settleSteps(durable, state);
    case 'closing':
      return yield* close(durable, state);
  }
}

/**
 * Plans and submits. After a retry the next pass does both again; each activity finds what is already done. Requests that are
 * open meanwhile are polled before that. A stale run ends: the attempt is closed, or another execution runs it.
 */
function* act(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Pause> {
  const plan = yield* planUnderLock(durable, state);
  if (plan.kind === 'rejected' && plan.reason === 'stale') return 'over';
  const notDone = plan.kind === 'done' ? yield* submitSteps(durable, state) : plan;
  if (!notDone) state.status = 'settling';
  const pause = notDone ? retryOrGiveUp(state, notDone) : secondsToNextLook(durable, state);
  return Math.max(pause, yield* releaseLock(durable, state));
}

/** 2. With a plan that is `done` the run has the lock. Each try has a fencing token of its own. */
function* planUnderLock(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<{ kind: 'done' } | Retry | Rejected | Failed> {
  const { run, fencingToken } = state;
  const operation = { activity: activities.planAccess, budgets: state.timeouts };
  const { for: waited, since, until } = state.retrying ?? {};
  const { slot } = state;
  const { outcome: plan, exhausted } = yield* callWithRetry(durable, state, operation, {
    ...{ run, fencingToken, done: carriedOut(state) },
    ...(waited === 'held' && { heldSince: since }),
    ...(waited === 'parked' && { parkedUntil: until }),
    ...(slot !== undefined && { slot }),
    priority: state.priority,
  });
  state.fencingToken += 1;
  state.slot = plan.kind === 'retry' ? slotAfter(state) : undefined;
  // An execution that broke off may have left the lock behind.
  if (plan.kind === 'done' || exhausted === 'defect') state.pendingRelease = { fencingToken };
  if (plan.kind !== 'done') return plan;
  adoptPlan(state, plan);
  return plan;
}

/** The slot that was given last counts until there is a plan, whatever comes between, unless there is nothing to do before a date. */
function slotAfter({ retrying, slot }: WorkflowState): string | undefined {
  if (retrying?.for === 'parked' || retrying?.for === 'held') return undefined;
  return retrying?.for === 'budget' ? (retrying.until ?? slot) : slot;
}

/** 3. Undefined once each step has a request, has ended, or has to wait for another one. */
function* submitSteps(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<Retry | Failed | undefined> {
  const ready = state.steps.filter((step) => isUnsent(step) && isReady(state, step));
  let soonest: Retry | undefined;
  for (const step of ready) {
    const notDone = yield* submitStep(durable, state, step, step === ready.at(-1));
    if (notDone && (notDone.kind === 'failed' || isShared(notDone.cause))) return notDone;
    // What holds up one step holds up no other.
    if (notDone && notDone.seconds < (soonest?.seconds ?? Infinity)) soonest = notDone;
  }
  return soonest;
}

/**
 * Releases the lock unless the last request did. Answers the seconds to wait if that cannot be done now; after the retry
 * budget the lock is not released here.
 */
function* releaseLock(durable: DurableContext, state: WorkflowState): WorkflowGenerator<number> {
  if (!state.pendingRelease) return 0;
  const { fencingToken } = state.pendingRelease;
  const lock = { run: state.run, fencingToken };
  const operation = { activity: activities.releaseLock, budgets: state.timeouts };
  const { outcome } = yield* callWithRetry(durable, state, operation, lock);
  if (outcome.kind === 'retry') return outcome.seconds;
  state.pendingRelease = undefined;
  return 0;
}

/** Waits, or ends the steps without a request. */
function retryOrGiveUp(state: WorkflowState, outcome: Retry | Rejected | Failed): number {
  if (outcome.kind !== 'retry') {
    giveUp(state, outcome);
    return secondsToNextPoll(state);
  }
  if (withOpenRequest(state).length === 0) return outcome.seconds;
  state.status = 'settling';
  state.isOutdated = true;
  // A slot may be far away: meanwhile what is open is polled.
  return outcome.cause === 'budget' ? orNextPoll(state, outcome.seconds) : outcome.seconds;
}

/** Ends each step without a request with `outcome`; without such a step, the event itself. */
function giveUp(state: WorkflowState, outcome: Rejected | Failed): void {
  const unsent = state.steps.filter(isUnsent);
  for (const step of unsent) endStep(step, outcome);
  state.isPartial = false;
  state.isOutdated = false;
  state.status = state.steps.length > 0 ? 'settling' : 'closing';
  if (unsent.length > 0) return;
  state.failure = { ...endingOf(outcome, ClosingOutcome), evidence: outcome.evidence };
  state.closing = state.failure;
}

/** 5. Uses a lock of its own. Retried until it succeeds, because no attempt may end without its closing row. */
function* close(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Pause> {
  const deliveries = state.steps.map(({ deliveredAt = '' }) => deliveredAt).sort();
  const operation = { activity: activities.closeRun, budgets: state.timeouts };
  const { outcome, exhausted } = yield* callWithRetry(durable, state, operation, {
    run: state.run,
    fencingToken: state.fencingToken,
    chain: state.chain,
    at: now(durable).toISOString(),
    targetId: state.targetId,
    outcome: state.closing?.outcome ?? 'failed',
    reason: state.closing?.reason,
    evidence: state.closing?.evidence,
    deliveredAt: deliveries.at(-1) || undefined,
    next: state.next,
    ...(!state.isPlanned && { isUnplanned: true }),
  });
  state.fencingToken += 1;
  if (outcome.kind === 'retry') return outcome.seconds;
  return exhausted ? closeRetrySeconds : 'over';
}

/**
 * Records what the run waits for in the next `pause` seconds, if that lasts: one row for each kind of wait, and the claim
 * shows the last wait. If it cannot be recorded now, the next pass tries again.
 */
export function* recordWait(
  durable: DurableContext,
  state: WorkflowState,
  pause: number,
): WorkflowGenerator<void> {
  const waiting = state.retrying ?? waitOfRequests(durable, state);
  if (!waiting || isShown(state.shownWait, waiting)) return;
  if (!isLasting(waiting, now(durable), pause)) return;
  const { run, chain } = state;
  const at = now(durable).toISOString();
  const hasRow = state.waits.includes(waiting.for);
  const { for: kind, reason, since, until } = waiting;
  const shown = { for: kind, reason, since, until };
  const input = { run, chain, at, waiting: shown, hasRow };
  try {
    const answer = yield* call(durable, activities.recordWait, input);
    if (answer.outcome.kind !== 'done') return;
    state.chain = answer.chain ?? state.chain;
    state.shownWait = shown;
    if (!hasRow) state.waits.push(kind);
  } catch {
    // A row that is missing must not end a run. The activity has logged the defect.
  }
}

/** What the open requests wait for: an approval before anything else, because a person has to act. */
function waitOfRequests(durable: DurableContext, state: WorkflowState): Waiting | undefined {
  const waits = withOpenRequest(state).map(waitOfStep);
  const kind = RequestWait.options.find((one) => waits.some((wait) => wait.for === one));
  const waited = waits.filter((wait) => wait.for === kind).map(({ seconds }) => seconds);
  if (!kind) return undefined;
  const { approval, delivery, partialGrace } = state.timeouts;
  const deadline = { approval, delivery, partial: partialGrace }[kind];
  const time = now(durable);
  return {
    for: kind,
    since: secondsFrom(time, -Math.max(...waited)).toISOString(),
    until: secondsFrom(time, deadline - Math.min(...waited)).toISOString(),
  };
}
