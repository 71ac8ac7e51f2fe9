import { activities } from '../shared/domain/workflow/activities';
import {
  closingOutcome,
  endingOf,
  resultOf,
  StepOutcome,
} from '../shared/domain/workflow/step-outcome';
import { nextPoll } from '../shared/domain/workflow/timeouts';
import {
  plannedStep,
  type StepState,
  type WorkflowState,
} from '../shared/domain/workflow/workflow-state';
import { now, secondsSince, type DurableContext, type WorkflowGenerator } from './durable';
import { callSafely, retryOrEnd } from './retry';

/** Polls every open request and records each step that has ended. Answers the seconds until the next pass. */
export function* settleSteps(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number | 'over'> {
  const pollPause = yield* pollOpenRequests(durable, state);
  for (const step of state.steps) {
    if (step.status !== 'ending') continue;
    const pause = yield* settleStep(durable, state, step);
    if (pause !== 0) return pause;
  }
  if (withOpenRequest(state).length > 0)
    return Math.max(pollPause, secondsToNextPoll(durable, state));
  state.status = 'closing';
  state.closing = closingOf(state.steps);
  return 0;
}

/** The outcome of all steps together, with the reason of the step that decided it. */
function closingOf(steps: StepState[]): WorkflowState['closing'] {
  const outcome = closingOutcome(steps.flatMap((step) => step.outcome ?? []));
  const withReason = steps.filter(({ result }) => result?.reason !== undefined);
  const decisive = withReason.find((step) => step.outcome === outcome) ?? withReason[0];
  return { outcome, reason: decisive?.result?.reason };
}

/** Seconds until the next poll, by the youngest open request; 0 without one. */
export function secondsToNextPoll(durable: DurableContext, state: WorkflowState): number {
  const ages = withOpenRequest(state).map((step) => secondsSince(durable, step.submittedAt));
  if (ages.length === 0) return 0;
  return nextPoll(state.timeouts.poll, state.polls, Math.min(...ages));
}

/** Answers the seconds for which Graph or a store asks to wait, 0 if the poll was answered. */
function* pollOpenRequests(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number> {
  const polled = withOpenRequest(state);
  if (polled.length === 0) return 0;
  const requestIds = polled.flatMap(({ requestId }) => requestId ?? []);
  const poll = { run: state.run, requestIds };
  const { outcome } = yield* callSafely(durable, activities.pollRequests, poll);
  state.polls += 1;
  for (const [index, step] of polled.entries()) {
    if (outcome.kind === 'done') Object.assign(step, outcome.readings[index]);
    endIfDecided(durable, state, step);
  }
  return outcome.kind === 'later' ? outcome.afterSeconds : 0;
}

/** Decides by the last status that was read: without an answer, only a deadline ends a step. */
function endIfDecided(durable: DurableContext, state: WorkflowState, step: StepState): void {
  const { requestStatus: status = 'unknown', wait } = step;
  if (status === 'partial') step.partialSince ??= now(durable).toISOString();
  const elapsed = secondsSince(durable, step.submittedAt);
  const partialFor = secondsSince(durable, step.partialSince);
  const result = resultOf({ status, wait, elapsed, partialFor }, state.timeouts);
  if (result) Object.assign(step, { status: 'ending', result });
}

/** Writes the settled row. Answers 0 when the step is settled, else the seconds to wait. */
function* settleStep(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<number | 'over'> {
  const { openIntent, result } = step;
  if (!openIntent || !result) {
    Object.assign(step, { status: 'settled', outcome: result?.outcome ?? 'failed' });
    return 0;
  }
  const { chain, outcome } = yield* callSafely(durable, activities.settleStep, {
    run: state.run,
    chain: state.chain,
    at: now(durable).toISOString(),
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
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind === 'done') {
    state.retry = undefined;
    const { deliveredAt } = outcome;
    Object.assign(step, { status: 'settled', outcome: outcome.outcome, deliveredAt });
    return 0;
  }
  const next = retryOrEnd(state, outcome, now(durable), state.timeouts);
  if (next.kind === 'retry') return next.seconds;
  state.retry = undefined;
  // The row then says that the access could not be confirmed. If that row cannot be written either, only the closing row
  // shows it.
  const hopeless = next.why === 'defect' && result.reason === 'defect';
  const ending = endingOf(next, StepOutcome);
  step.result = { ...ending, reason: ending.reason ?? next.why };
  if (hopeless) Object.assign(step, { status: 'settled', outcome: 'failed' });
  return 1;
}

const withOpenRequest = (state: WorkflowState): StepState[] =>
  state.steps.filter(({ status }) => status === 'requested');
