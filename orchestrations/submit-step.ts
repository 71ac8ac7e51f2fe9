import { activities } from '../shared/domain/workflow/activities';
import type { Failed, Rejected } from '../shared/domain/workflow/outcome';
import { isShared } from '../shared/domain/workflow/timeouts';
import { endingOf, StepOutcome } from '../shared/domain/workflow/step-outcome';
import {
  plannedStep,
  requestOf,
  type Operation,
  type StepState,
  type WorkflowState,
} from '../shared/domain/workflow/workflow-state';
import { now, type DurableContext, type WorkflowGenerator } from './durable';
import { callWithRetry, type Attempt, type Retry } from './retry';

/**
 * Takes one step from the plan to an open request: a grant ensures that its access package is complete, then every step
 * makes its request. A wait has one already. The request of the last step releases the lock. Answers a retry if something has to be called again, and the failure if what
 * has stopped it would stop every other step too.
 */
export function* submitStep(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
  isLast: boolean,
): WorkflowGenerator<Retry | Failed | undefined> {
  if (step.status === 'planned') {
    if (step.action === 'wait') beginWait(durable, step);
    else if (step.action !== 'grant' || step.isEnsured) step.status = 'ensured';
  }
  return (yield* ensure(durable, state, step)) ?? (yield* submit(durable, state, step, isLast));
}

/** Without a request that could be polled, what Graph shows of the assignment tells when the wait is over. */
function beginWait(durable: DurableContext, step: StepState): void {
  const isForAccess = step.ruleId !== undefined && step.waitsFor === 'grant';
  step.openIntent = 'plan';
  if (step.requestId !== undefined) {
    Object.assign(step, { status: 'requested', submittedAt: now(durable).toISOString() });
  } else {
    const result = { outcome: isForAccess ? 'delivered' : 'waited' } as const;
    Object.assign(step, { status: 'ending', result });
  }
}

function* ensure(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Retry | Failed | undefined> {
  if (step.status !== 'planned') return undefined;
  const input = inputOf(durable, state, step, 'ensure');
  const activity = activities.ensurePackage;
  const operation = { activity, key: step.id, budgets: state.timeouts };
  const attempt = yield* callWithRetry(durable, state, operation, input);
  advanceChain(state, step, 'ensure', attempt);
  const { outcome } = attempt;
  if (outcome.kind === 'retry' || stopsEveryStep(attempt, outcome)) return outcome;
  if (outcome.kind !== 'done') endStep(step, outcome);
  else {
    const { ids, policy } = outcome;
    Object.assign(step, { status: 'ensured', ids, policy, openIntent: undefined });
  }
  return undefined;
}

function* submit(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
  isLast: boolean,
): WorkflowGenerator<Retry | Failed | undefined> {
  if (step.status !== 'ensured') return undefined;
  const request = requestOf(step);
  const input = {
    ...inputOf(durable, state, step, request),
    policy: step.policy,
    ...(isLast && { releases: state.pendingRelease?.fencingToken }),
  };
  const activity = activities.submitRequest;
  const operation = { activity, key: step.id, budgets: state.timeouts };
  const attempt = yield* callWithRetry(durable, state, operation, input);
  advanceChain(state, step, request, attempt);
  const { outcome } = attempt;
  if (outcome.kind === 'retry' || stopsEveryStep(attempt, outcome)) return outcome;
  if (outcome.kind !== 'done') endStep(step, outcome);
  else if (outcome.result) {
    const { result, evidence } = outcome;
    Object.assign(step, { status: 'ending', result, evidence });
  } else {
    const { requestId, evidence, isReleased } = outcome;
    if (isReleased) state.pendingRelease = undefined;
    const submittedAt = now(durable).toISOString();
    Object.assign(step, { status: 'requested', requestId, evidence, submittedAt });
  }
  return undefined;
}

/** The step ends without a request. Its settled row is written later. */
export function endStep(step: StepState, outcome: Rejected | Failed): void {
  step.status = 'ending';
  step.result = endingOf(outcome, StepOutcome);
  step.evidence = outcome.evidence;
}

const stopsEveryStep = (
  { exhausted }: Attempt<object>,
  outcome: { kind: string },
): outcome is Failed => outcome.kind === 'failed' && exhausted !== undefined && isShared(exhausted);

const inputOf = (
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
  operation: Operation,
) => ({
  run: state.run,
  chain: state.chain,
  at: now(durable).toISOString(),
  step: plannedStep(step),
  intentRecorded: step.openIntent === operation,
});

/**
 * If the chain has grown, or a row whose answer was lost was found in it, the intended row of this operation is written and
 * waits for its settled row.
 */
function advanceChain<Done extends object>(
  state: WorkflowState,
  step: StepState,
  operation: Operation,
  { chain }: Attempt<Done>,
): void {
  if (!chain) return;
  const isFound = untold(chain) < untold(state.chain);
  if (chain.seq <= state.chain.seq && !isFound) return;
  state.chain = chain;
  step.openIntent = operation;
}

const untold = ({ untold: rows = [] }: WorkflowState['chain']): number => rows.length;
