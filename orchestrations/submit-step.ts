import { activities } from '../shared/domain/workflow/activities';
import type { Failed, Rejected } from '../shared/domain/workflow/outcome';
import { isShared } from '../shared/domain/workflow/timeouts';
import { endingOf, StepOutcome } from '../shared/domain/workflow/step-outcome';
import {
  plannedStep,
  type StepState,
  type WorkflowState,
} from '../shared/domain/workflow/workflow-state';
import { now, type DurableContext, type WorkflowGenerator } from './durable';
import { callWithRetry, type Attempt, type Retry } from './retry';

/**
 * Takes one step from the plan to an open request: ensures that the access package is complete, then submits the
 * assignment request. Answers a retry if one of the two has to be called again, and the failure if what has stopped it would
 * stop every other step too.
 */
export function* submitStep(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Retry | Failed | undefined> {
  return (yield* ensure(durable, state, step)) ?? (yield* submit(durable, state, step));
}

function* ensure(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Retry | Failed | undefined> {
  if (step.status !== 'planned') return undefined;
  const input = inputOf(durable, state, step, 'ensure');
  const activity = activities.ensurePackage;
  const operation = { activity, key: step.packageKey, budgets: state.timeouts };
  const attempt = yield* callWithRetry(durable, state, operation, input);
  advanceChain(state, step, 'ensure', attempt);
  const { outcome } = attempt;
  if (outcome.kind === 'retry' || stopsEveryStep(attempt, outcome)) return outcome;
  if (outcome.kind !== 'done') endStep(step, outcome);
  else Object.assign(step, { status: 'ensured', ids: outcome.ids, openIntent: undefined });
  return undefined;
}

function* submit(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Retry | Failed | undefined> {
  if (step.status !== 'ensured' || !step.ids) return undefined;
  const input = { ...inputOf(durable, state, step, 'assign'), ids: step.ids };
  const activity = activities.submitRequest;
  const operation = { activity, key: step.packageKey, budgets: state.timeouts };
  const attempt = yield* callWithRetry(durable, state, operation, input);
  advanceChain(state, step, 'assign', attempt);
  const { outcome } = attempt;
  if (outcome.kind === 'retry' || stopsEveryStep(attempt, outcome)) return outcome;
  if (outcome.kind !== 'done') endStep(step, outcome);
  else if (outcome.result) {
    const { result, evidence } = outcome;
    Object.assign(step, { status: 'ending', result, evidence });
  } else {
    const { requestId, evidence } = outcome;
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

type Operation = NonNullable<StepState['openIntent']>;

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
  targetId: state.targetId ?? '',
  intentRecorded: step.openIntent === operation,
});

/** If the chain has grown, the intended row of this operation is written and waits for its settled row. */
function advanceChain<Done extends object>(
  state: WorkflowState,
  step: StepState,
  operation: Operation,
  { chain }: Attempt<Done>,
): void {
  if (!chain || chain.seq <= state.chain.seq) return;
  state.chain = chain;
  step.openIntent = operation;
}
