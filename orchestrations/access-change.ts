import type { OrchestrationContext } from 'durable-functions';
import { z } from 'zod';
import { WorkflowState, Retry, type StepState } from '../shared/domain/workflow/workflow-state';
import type { Failed, Later, Outcome, Rejected } from '../shared/domain/workflow/outcome';
import type { RetryBudgets } from '../shared/domain/workflow/timeouts';
import { START_OF_CHAIN } from '../shared/domain/workflow/run';
import { ClosingOutcome, endingOf } from '../shared/domain/workflow/step-outcome';
import { noRetry, callSafely, pauseFor, secondsFrom } from './retry';
import { activities } from '../shared/domain/workflow/activities';
import { sleepUntil, type WorkflowGenerator, type DurableContext } from './durable';
import { settleSteps, untilNextPoll } from './settle-steps';
import { end, submitStep } from './submit-step';
import { versionOf } from './version';

/** Tasks per generation, at up to four history events each: a history stays below 500 events. */
const LONG_HISTORY = 90;

/** Seconds between tries of what must happen in the end but has worn out its budget. */
const closeRetrySeconds = 900;

const startBudgets: RetryBudgets = { identity: 0, call: 6 * 3600, delivery: 0 };

/** What a start names, and what one generation of the history hands to the next. */
const WorkflowInput = z.object({
  eventHash: z.string(),
  attempt: z.number().int(),
  token: z.string(),
  state: WorkflowState.optional(),
  retry: Retry.optional(),
  wakeAt: z.string().optional(),
});
type WorkflowInput = z.infer<typeof WorkflowInput>;

/**
 * The story of one event: begin -> take turn -> plan -> submit each step -> release -> settle all -> close. It goes in
 * legs; between two legs it waits on a durable timer and holds nothing.
 */
export function* accessChange(context: OrchestrationContext): WorkflowGenerator<void> {
  const durable: DurableContext = { context, tasks: 0 };
  const input = WorkflowInput.parse(context.df.getInput());
  for (;;) {
    if (input.wakeAt) yield* sleepUntil(durable, new Date(input.wakeAt));
    const pause = yield* input.state ? proceed(durable, input.state) : begin(durable, input);
    if (pause === 'over') return;
    input.wakeAt =
      pause > 0 ? secondsFrom(context.df.currentUtcDateTime, pause).toISOString() : undefined;
    if (durable.tasks > LONG_HISTORY) {
      context.df.continueAsNew(input);
      return;
    }
  }
}

/** Makes this execution the run of its attempt. A run that is late, doubled or stale has no business here: over. */
function* begin(durable: DurableContext, input: WorkflowInput): WorkflowGenerator<number | 'over'> {
  const { df } = durable.context;
  const { eventHash, attempt, token } = input;
  const version = versionOf(durable.context);
  const started = { eventHash, attempt, token, instanceId: df.instanceId, version };
  const { outcome } = yield* callSafely(durable, activities.beginRun, started);
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind === 'done') {
    const { run, timeouts } = outcome;
    const fresh = {
      chain: START_OF_CHAIN,
      status: 'acting',
      fencingToken: 1,
      steps: [],
      polls: 0,
    } as const;
    input.state = { run, timeouts, ...fresh, steps: [] };
    input.retry = undefined;
    return 0;
  }
  const now = df.currentUtcDateTime;
  const retry = (input.retry ??= noRetry(now));
  const pause = outcome.kind === 'later' ? pauseFor(retry, outcome, now, startBudgets) : outcome;
  if (pause.kind === 'failed') throw new Error(pause.why);
  return pause.seconds;
}

/** One leg; answers the seconds to wait before the next. A turn that could not be given back is given back first. */
function* proceed(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number | 'over'> {
  const releaseWait = yield* releaseLock(durable, state);
  if (releaseWait > 0) return releaseWait;
  switch (state.status) {
    case 'acting':
      return yield* actUnderLock(durable, state);
    case 'settling':
      return yield* settleSteps(durable, state);
    case 'closing':
      return yield* close(durable, state);
  }
}

/** Takes the worker's turn, acts, and gives the turn back before anything waits. Without a right to it, all is over. */
function* actUnderLock(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number | 'over'> {
  const { outcome } = yield* callSafely(durable, activities.acquireLock, {
    run: state.run,
    fencingToken: state.fencingToken,
  });
  if (outcome.kind === 'rejected') return 'over';
  const pause =
    outcome.kind === 'done' ? yield* act(durable, state) : waitOrGiveUp(durable, state, outcome);
  if (outcome.kind !== 'done') return pause;
  state.pendingRelease = {
    fencingToken: state.fencingToken,
    retry: noRetry(durable.context.df.currentUtcDateTime),
  };
  state.fencingToken += 1;
  return Math.max(pause, yield* releaseLock(durable, state));
}

/** Releases the turn that this run still holds, if any. Answers the seconds to wait if that cannot be done now. */
function* releaseLock(durable: DurableContext, state: WorkflowState): WorkflowGenerator<number> {
  if (!state.pendingRelease) return 0;
  const { fencingToken, retry } = state.pendingRelease;
  const { outcome } = yield* callSafely(durable, activities.releaseLock, {
    run: state.run,
    fencingToken,
  });
  if (outcome.kind === 'later') {
    const now = durable.context.df.currentUtcDateTime;
    const pause = pauseFor(retry, outcome, now, state.timeouts);
    if (pause.kind === 'pause') return pause.seconds;
  }
  state.pendingRelease = undefined;
  return 0;
}

/** Plans and submits; on `later` the whole leg is taken up again, and what is done stays done. */
function* act(durable: DurableContext, state: WorkflowState): WorkflowGenerator<number> {
  const outcome = yield* planAndSubmit(durable, state);
  if (outcome.kind !== 'done') return waitOrGiveUp(durable, state, outcome);
  state.status = 'settling';
  state.retry = undefined;
  return untilNextPoll(durable, state);
}

/** `later` is waited for within its budget; anything else, and the end of budget, ends what has no request yet. */
function waitOrGiveUp(
  { context }: DurableContext,
  state: WorkflowState,
  outcome: Later | Rejected | Failed,
): number {
  const now = context.df.currentUtcDateTime;
  const retry = (state.retry ??= noRetry(now));
  const pause = outcome.kind === 'later' ? pauseFor(retry, outcome, now, state.timeouts) : outcome;
  if (pause.kind === 'pause') return pause.seconds;
  giveUp(state, pause);
  state.retry = undefined;
  return untilNextPoll({ context, tasks: 0 }, state);
}

function* planAndSubmit(durable: DurableContext, state: WorkflowState): WorkflowGenerator<Outcome> {
  const { outcome: plan } = yield* callSafely(durable, activities.planAccess, { run: state.run });
  if (plan.kind !== 'done') return plan;
  state.targetId = plan.targetId;
  const known = new Set(state.steps.map((step) => step.packageKey));
  const fresh = plan.steps.filter((step) => !known.has(step.packageKey));
  state.steps.push(...fresh.map((step): StepState => ({ ...step, status: 'planned' })));
  for (const step of state.steps) {
    const later = yield* submitStep(durable, state, step);
    if (later) return later;
  }
  return { kind: 'done' };
}

/** What has no request yet gets none: the steps end with `outcome`, or the event itself where there is no plan. */
function giveUp(state: WorkflowState, outcome: Rejected | Failed): void {
  for (const step of state.steps) {
    if (step.status === 'planned' || step.status === 'ensured') end(step, outcome);
  }
  state.status = state.steps.length > 0 ? 'settling' : 'closing';
  if (state.status === 'closing') state.closing = endingOf(outcome, ClosingOutcome);
}

/** Writes the one closing row, in a turn of its own. No event ends without it: it is tried for as long as it takes. */
function* close(durable: DurableContext, state: WorkflowState): WorkflowGenerator<number | 'over'> {
  const { df } = durable.context;
  const { outcome } = yield* callSafely(durable, activities.closeRun, {
    run: state.run,
    fencingToken: state.fencingToken,
    chain: state.chain,
    at: df.currentUtcDateTime.toISOString(),
    targetId: state.targetId,
    outcome: state.closing?.outcome ?? 'failed',
    reason: state.closing?.reason,
    deliveredAt:
      state.steps
        .map((step) => step.deliveredAt ?? '')
        .sort()
        .at(-1) || undefined,
  });
  state.fencingToken += 1;
  if (outcome.kind !== 'later') return 'over';
  const now = df.currentUtcDateTime;
  const pause = pauseFor((state.retry ??= noRetry(now)), outcome, now, state.timeouts);
  return pause.kind === 'pause' ? pause.seconds : closeRetrySeconds;
}
