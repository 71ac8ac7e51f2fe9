import {
  plannedStep,
  type WorkflowState,
  type StepState,
} from '../shared/domain/workflow/workflow-state';
import { nextPoll } from '../shared/domain/workflow/timeouts';
import { resultOf } from '../shared/domain/workflow/settlement';
import { closingOutcome, endingOf, StepOutcome } from '../shared/domain/workflow/step-outcome';
import { noRetry, callSafely, pauseFor } from './retry';
import { activities } from '../shared/domain/workflow/activities';
import { type WorkflowGenerator, type DurableContext } from './durable';

/** Polls every open request once and records what has ended. Answers the seconds until the next poll, or 0. */
export function* settleSteps(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number | 'over'> {
  const busy = yield* pollOpen(durable, state);
  for (const step of state.steps) {
    if (step.status !== 'ending') continue;
    const pause = yield* settleStep(durable, state, step);
    if (pause !== 0) return pause;
  }
  if (open(state).length > 0) return Math.max(busy, untilNextPoll(durable, state));
  state.status = 'closing';
  state.closing = closingOf(state.steps);
  return 0;
}

/** The outcome of all steps together, with the reason of the step that decided it. */
function closingOf(steps: StepState[]): WorkflowState['closing'] {
  const outcome = closingOutcome(steps.flatMap((step) => step.outcome ?? []));
  const reasons = steps.filter((step) => step.result?.reason !== undefined);
  const decided = reasons.find((step) => step.outcome === outcome) ?? reasons[0];
  return { outcome, reason: decided?.result?.reason };
}

/** Seconds until the open requests are looked at again. */
export function untilNextPoll(durable: DurableContext, state: WorkflowState): number {
  const elapsed = Math.min(...open(state).map((step) => since(durable, step.submittedAt)));
  return Number.isFinite(elapsed) ? nextPoll(state.timeouts.poll, state.polls, elapsed) : 0;
}

function* pollOpen(durable: DurableContext, state: WorkflowState): WorkflowGenerator<number> {
  const waiting = open(state);
  if (waiting.length === 0) return 0;
  const requestIds = waiting.flatMap((step) => step.requestId ?? []);
  const { outcome } = yield* callSafely(durable, activities.pollRequests, {
    run: state.run,
    requestIds,
  });
  state.polls += 1;
  waiting.forEach((step, index) => {
    const reading = outcome.kind === 'done' ? outcome.readings[index] : undefined;
    Object.assign(step, reading);
    evaluate(durable, state, step);
  });
  return outcome.kind === 'later' ? outcome.afterSeconds : 0;
}

/** By what was read last: a poll without an answer changes nothing but the time that has passed. */
function evaluate(durable: DurableContext, state: WorkflowState, step: StepState): void {
  const { requestStatus = 'unknown', wait, submittedAt } = step;
  const now = durable.context.df.currentUtcDateTime.toISOString();
  if (requestStatus === 'partial') step.partialSince ??= now;
  const elapsed = since(durable, submittedAt);
  const partialFor = since(durable, step.partialSince);
  const result = resultOf({ status: requestStatus, wait, elapsed, partialFor }, state.timeouts);
  if (result) Object.assign(step, { status: 'ending', result });
}

/** Writes the settled row. Answers the seconds to wait if it cannot be written yet, 0 once it is. */
function* settleStep(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<number | 'over'> {
  const { df } = durable.context;
  const { openIntent, result } = step;
  if (!openIntent || !result) {
    Object.assign(step, { status: 'settled', outcome: result?.outcome ?? 'failed' });
    return 0;
  }
  const { chain, outcome } = yield* callSafely(durable, activities.settleStep, {
    run: state.run,
    chain: state.chain,
    at: df.currentUtcDateTime.toISOString(),
    step: plannedStep(step),
    operation: openIntent,
    targetId: state.targetId ?? '',
    result,
    ids: step.ids,
    requestId: step.requestId,
    submittedAt: step.submittedAt,
    completedAt: step.completedAt,
    graphState: step.graphState,
    evidence: step.evidence,
  });
  state.chain = chain ?? state.chain;
  if (outcome.kind === 'done') {
    state.retry = undefined;
    const { deliveredAt } = outcome;
    Object.assign(step, { status: 'settled', outcome: outcome.outcome, deliveredAt });
    return 0;
  }
  if (outcome.kind === 'rejected') return 'over';
  const now = df.currentUtcDateTime;
  const retry = (state.retry ??= noRetry(now));
  const pause = outcome.kind === 'later' ? pauseFor(retry, outcome, now, state.timeouts) : outcome;
  if (pause.kind === 'pause') return pause.seconds;
  state.retry = undefined;
  // What was to be confirmed cannot be: the row says so instead. A row that fails for ever is left to the closing one.
  const hopeless = pause.why === 'defect' && result.reason === 'defect';
  step.result = endingOf(pause, StepOutcome);
  if (hopeless) Object.assign(step, { status: 'settled', outcome: 'failed' });
  else step.result = { ...step.result, reason: step.result.reason ?? pause.why };
  return 1;
}

const open = (state: WorkflowState): StepState[] =>
  state.steps.filter((step) => step.status === 'requested');

const since = (durable: DurableContext, time: string | undefined): number =>
  time ? (durable.context.df.currentUtcDateTime.getTime() - Date.parse(time)) / 1000 : 0;
