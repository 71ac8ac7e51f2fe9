import { activities, type Answer } from '../shared/domain/workflow/activities';
import type { Failed, Later, Rejected } from '../shared/domain/workflow/outcome';
import { endingOf, StepOutcome } from '../shared/domain/workflow/step-outcome';
import {
  plannedStep,
  type StepState,
  type WorkflowState,
} from '../shared/domain/workflow/workflow-state';
import { now, type DurableContext, type WorkflowGenerator } from './durable';
import { callSafely } from './retry';

/**
 * Takes one step from the plan to an open request: ensures that the access package is complete, then submits the
 * assignment request. Answers `later` if one of the two has to be called again.
 */
export function* submitStep(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Later | undefined> {
  return (yield* ensure(durable, state, step)) ?? (yield* submit(durable, state, step));
}

function* ensure(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Later | undefined> {
  if (step.status !== 'planned') return undefined;
  const input = inputOf(durable, state, step, 'ensure');
  const answer = yield* callSafely(durable, activities.ensurePackage, input);
  advanceChain(state, step, 'ensure', answer);
  const { outcome } = answer;
  if (outcome.kind === 'later') return outcome;
  if (outcome.kind !== 'done') endStep(step, outcome);
  else Object.assign(step, { status: 'ensured', ids: outcome.ids, openIntent: undefined });
  return undefined;
}

function* submit(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Later | undefined> {
  if (step.status !== 'ensured' || !step.ids) return undefined;
  const input = { ...inputOf(durable, state, step, 'assign'), ids: step.ids };
  const answer = yield* callSafely(durable, activities.submitRequest, input);
  advanceChain(state, step, 'assign', answer);
  const { outcome } = answer;
  if (outcome.kind === 'later') return outcome;
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
  { chain }: Answer<Done>,
): void {
  if (!chain || chain.seq <= state.chain.seq) return;
  state.chain = chain;
  step.openIntent = operation;
}
