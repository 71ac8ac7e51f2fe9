import {
  plannedStep,
  type WorkflowState,
  type StepState,
} from '../shared/domain/workflow/workflow-state';
import type { Failed, Later, Rejected } from '../shared/domain/workflow/outcome';
import { endingOf, StepOutcome } from '../shared/domain/workflow/step-outcome';
import { callSafely } from './retry';
import { activities, type Answer } from '../shared/domain/workflow/activities';
import { type WorkflowGenerator, type DurableContext } from './durable';

/**
 * One step, from the plan to an open request: the package is ensured, then a request is looked for and
 * submitted. Answers `later` where it has to be taken up again; whatever is done by then stays done.
 */
export function* submitStep(
  durable: DurableContext,
  state: WorkflowState,
  step: StepState,
): WorkflowGenerator<Later | undefined> {
  if (step.status === 'planned') {
    const input = {
      ...inputOf(durable, state, step),
      intentRecorded: step.openIntent === 'ensure',
    };
    const { outcome } = advanceChain(
      state,
      step,
      'ensure',
      yield* callSafely(durable, activities.ensurePackage, input),
    );
    if (outcome.kind === 'later') return outcome;
    if (outcome.kind !== 'done') end(step, outcome);
    else Object.assign(step, { status: 'ensured', ids: outcome.ids, openIntent: undefined });
  }
  if (step.status === 'ensured' && step.ids) {
    const input = {
      ...inputOf(durable, state, step),
      intentRecorded: step.openIntent === 'assign',
      ids: step.ids,
    };
    const { outcome } = advanceChain(
      state,
      step,
      'assign',
      yield* callSafely(durable, activities.submitRequest, input),
    );
    if (outcome.kind === 'later') return outcome;
    if (outcome.kind !== 'done') end(step, outcome);
    else if (outcome.result) Object.assign(step, { status: 'ending', result: outcome.result });
    else {
      const submittedAt = durable.context.df.currentUtcDateTime.toISOString();
      const { requestId, evidence } = outcome;
      Object.assign(step, { status: 'requested', requestId, evidence, submittedAt });
    }
  }
  return undefined;
}

/** The step is over before a request came to be; its settled row is still to be written. */
export function end(step: StepState, outcome: Rejected | Failed): void {
  step.status = 'ending';
  step.result = endingOf(outcome, StepOutcome);
  step.evidence = outcome.evidence;
}

const inputOf = ({ context }: DurableContext, state: WorkflowState, step: StepState) => ({
  run: state.run,
  chain: state.chain,
  at: context.df.currentUtcDateTime.toISOString(),
  step: plannedStep(step),
  targetId: state.targetId ?? '',
});

/** Takes over the chain's new end: once it has moved, the intended row of this part is written. */
function advanceChain<Done extends object>(
  state: WorkflowState,
  step: StepState,
  operation: 'ensure' | 'assign',
  answer: Answer<Done>,
): Answer<Done> {
  if (answer.chain && answer.chain.seq > state.chain.seq) {
    state.chain = answer.chain;
    step.openIntent = operation;
  }
  return answer;
}
