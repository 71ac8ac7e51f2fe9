import { activities } from '../shared/domain/workflow/activities';
import {
  closingOutcome,
  endingOf,
  isDone,
  resultOf,
  type RequestStatus,
  StepOutcome,
  type StepResult,
  waitOf,
} from '../shared/domain/workflow/step-outcome';
import { nextPoll, type Timeouts } from '../shared/domain/workflow/timeouts';
import {
  plannedStep,
  type StepState,
  type WorkflowState,
} from '../shared/domain/workflow/workflow-state';
import { now, secondsSince, type DurableContext, type WorkflowGenerator } from './durable';
import { callWithRetry } from './retry';
import { addDecided, needsPlan, secondsToChange, secondsToSlot } from './plan-steps';
import { endStep } from './submit-step';

/**
 * Polls every open request and records each step that has ended. Goes back to planning if that may lead to more; without an
 * open request, records what the last plan has decided and ends. Answers the seconds until the next pass.
 */
export function* settleSteps(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number | 'over'> {
  const pollPause = yield* pollOpenRequests(durable, state);
  const pause = yield* settleEnded(durable, state);
  if (pause !== 0) return pause;
  if (needsPlan(state, now(durable))) {
    const untilSlot = secondsToSlot(state, now(durable));
    if (untilSlot > 0) return Math.max(pollPause, orNextPoll(state, untilSlot));
    state.status = 'acting';
    return pollPause;
  }
  if (withOpenRequest(state).length > 0)
    return Math.max(pollPause, secondsToNextLook(durable, state));
  if (state.decided.length > 0) {
    addDecided(state);
    return 0;
  }
  state.status = 'closing';
  state.closing = closingOf(state);
  return 0;
}

function* settleEnded(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number | 'over'> {
  for (const step of state.steps) {
    if (step.status !== 'ending') continue;
    const pause = yield* settleStep(durable, state, step);
    if (pause !== 0) return pause;
    if (step.action === 'wait') state.isOutdated = true;
  }
  return 0;
}

/** The outcome of all steps together, with the reason of the step that decided it. */
function closingOf({ steps, ending, failure }: WorkflowState): WorkflowState['closing'] {
  const outcomes = steps.flatMap((step) => step.outcome ?? []);
  const outcome = closingOutcome(outcomes, ending?.outcome);
  const isPartial = failure && outcomes.some((one) => one === 'delivered' || one === 'extended');
  if (failure) return isPartial ? { ...failure, outcome: 'partly-delivered' } : failure;
  const withReason = steps.filter(
    (step) => step.result?.reason !== undefined && !isDone(step.outcome),
  );
  const decisive = withReason.find((step) => step.outcome === outcome) ?? withReason[0];
  const reason = decisive
    ? decisive.result?.reason
    : ending?.outcome === outcome
      ? ending.reason
      : undefined;
  return { outcome, reason, evidence: decisive?.evidence };
}

/** Seconds until the next poll, or until the plan changes if that is sooner. */
export const secondsToNextLook = (durable: DurableContext, state: WorkflowState): number =>
  Math.min(secondsToNextPoll(state), secondsToChange(state, now(durable)));

/** These seconds, or those until the next poll of what is open if that is sooner. */
export const orNextPoll = (state: WorkflowState, seconds: number): number =>
  Math.min(seconds, secondsToNextPoll(state) || Infinity);

/** Seconds until the next poll, by the request that has waited least for what it waits for; 0 without an open one. */
export function secondsToNextPoll(state: WorkflowState): number {
  const waits = withOpenRequest(state).map(waitedBy);
  if (waits.length === 0) return 0;
  return nextPoll(state.timeouts.poll, state.polls, Math.min(...waits));
}

/** Answers the seconds for which Graph or a store asks to wait, 0 if the poll was answered. */
function* pollOpenRequests(
  durable: DurableContext,
  state: WorkflowState,
): WorkflowGenerator<number> {
  const polled = withOpenRequest(state);
  if (polled.length === 0) return 0;
  const requests = polled.map(({ requestId = '', packageKey, submittedAt }) => ({
    ...{ requestId, packageKey, submittedAt },
  }));
  const activity = activities.pollRequests;
  const operation = { activity, budgets: pollBudgets(polled, state.timeouts) };
  const wasAnswered = state.retries[activity.name] === undefined;
  const { outcome } = yield* callWithRetry(durable, state, operation, { run: state.run, requests });
  // The time after an unanswered poll counts as the retries of polling, not as a wait of the request.
  if (wasAnswered) for (const step of polled) addWait(durable, state, step);
  state.polls += 1;
  state.polledAt = now(durable).toISOString();
  if (outcome.kind === 'retry') return outcome.seconds;
  for (const [index, step] of polled.entries()) {
    if (outcome.kind !== 'done') endStep(step, outcome);
    else applyReading(state, step, outcome.readings[index]);
  }
  return 0;
}

/** Polls that are not answered are retried for as long as what the requests wait for may take. */
function pollBudgets(steps: StepState[], { approval, delivery, call, identity }: Timeouts) {
  const needsApproval = steps.some((step) => waitOf(statusOf(step)) === 'approval');
  const longest = Math.max(call, delivery, needsApproval ? approval : 0);
  return { identity, call: longest, delivery: longest };
}

const statusOf = ({ requestStatus = 'unknown' }: StepState): RequestStatus => requestStatus;

/** What an open request waits for, and the seconds that it has done so by the last poll. */
export const waitOfStep = (step: StepState) => ({
  for: waitOf(statusOf(step)),
  seconds: waitedBy(step),
});

const waitedBy = (step: StepState): number => step.waited?.[waitOf(statusOf(step))] ?? 0;

/** Counts the time since the last poll for what the request was waiting for then. */
function addWait(durable: DurableContext, { polledAt = '' }: WorkflowState, step: StepState): void {
  const { submittedAt = '', waited } = step;
  const seconds = secondsSince(durable, polledAt > submittedAt ? polledAt : submittedAt);
  step.waited = { ...waited, [waitOf(statusOf(step))]: waitedBy(step) + seconds };
}

function applyReading(state: WorkflowState, step: StepState, reading: Reading | undefined): void {
  const before = waitOf(statusOf(step));
  Object.assign(step, asOpenIfReprocessed(step, reading));
  const status = statusOf(step);
  if (waitOf(status) !== before) state.polls = 0;
  const result = resultOf({ status, wait: step.wait, waited: waitedBy(step) }, state.timeouts);
  if (result) Object.assign(step, { status: 'ending', result: resultFor(step, result) });
}

/** A replica may still show how the request had ended before it was carried out again. */
function asOpenIfReprocessed(
  { action, submittedAt = '' }: StepState,
  reading: Reading | undefined,
): Reading | undefined {
  const { requestStatus, completedAt = submittedAt } = reading ?? {};
  const isOld = action === 'reprocess' && completedAt < submittedAt;
  return isOld && requestStatus !== 'delivered' ? { ...reading, requestStatus: 'open' } : reading;
}

/** How a request ended that is not a grant, or that is waited for only because it is in the way. */
function resultFor(step: StepState, result: StepResult): StepResult {
  const isOver = ['delivered', 'denied', 'failed'].includes(result.outcome);
  const isForAccess = step.ruleId !== undefined && step.waitsFor === 'grant';
  if (step.action === 'wait' && !isForAccess && isOver) return { outcome: 'waited' };
  if (result.outcome !== 'delivered') return result;
  if (step.action === 'revoke') return { outcome: 'revoked' };
  return step.action === 'extend' ? { outcome: 'extended' } : result;
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
  const activity = activities.settleStep;
  const operation = { activity, key: step.id, budgets: state.timeouts };
  const { chain, outcome } = yield* callWithRetry(durable, state, operation, {
    run: state.run,
    chain: state.chain,
    at: now(durable).toISOString(),
    step: plannedStep(step),
    operation: openIntent,
    policy: step.policy,
    sawApproval: step.waited?.approval !== undefined,
    isAssigned: step.isAssigned,
    result,
    submittedAt: step.submittedAt,
    completedAt: step.completedAt,
    graphState: step.graphState,
    evidence: step.evidence,
  });
  state.chain = chain ?? state.chain;
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind === 'done') {
    const { deliveredAt } = outcome;
    Object.assign(step, { status: 'settled', outcome: outcome.outcome, deliveredAt });
    return 0;
  }
  if (outcome.kind === 'retry') return outcome.seconds;
  // The row then says that the access could not be confirmed. If that row cannot be written either, only the closing row
  // shows it.
  const hopeless = outcome.why === 'defect' && result.reason === 'defect';
  const ending = endingOf(outcome, StepOutcome);
  step.result = { ...ending, reason: ending.reason ?? outcome.why };
  step.evidence = outcome.evidence ?? step.evidence;
  if (hopeless) Object.assign(step, { status: 'settled', outcome: 'failed' });
  return 1;
}

type Reading = Pick<
  StepState,
  'requestStatus' | 'graphState' | 'completedAt' | 'assignmentId' | 'isAssigned' | 'evidence'
>;

export const withOpenRequest = (state: WorkflowState): StepState[] =>
  state.steps.filter(({ status }) => status === 'requested');
