import { stepOf, type Journey, type Progress } from '../shared/domain/workflow/workflow-state';
import type { Failed, Later, Rejected } from '../shared/domain/workflow/outcome';
import { endingOf, StepOutcome } from '../shared/domain/workflow/step-outcome';
import { once } from './retry';
import { activities, type Answer } from '../shared/domain/workflow/activities';
import { type Leg, type Telling } from './durable';

/**
 * One step, from the plan to an open request: the package is ensured whole, then a request is looked for and
 * submitted. Answers `later` where it has to be taken up again; whatever is done by then stays done.
 */
export function* submitStep(
  telling: Telling,
  journey: Journey,
  progress: Progress,
): Leg<Later | undefined> {
  if (progress.at === 'planned') {
    const input = {
      ...inputOf(telling, journey, progress),
      announced: progress.announced === 'ensure',
    };
    const { outcome } = heard(
      journey,
      progress,
      'ensure',
      yield* once(telling, activities.ensurePackage, input),
    );
    if (outcome.kind === 'later') return outcome;
    if (outcome.kind !== 'done') end(progress, outcome);
    else Object.assign(progress, { at: 'ensured', ids: outcome.ids, announced: undefined });
  }
  if (progress.at === 'ensured' && progress.ids) {
    const input = {
      ...inputOf(telling, journey, progress),
      announced: progress.announced === 'assign',
      ids: progress.ids,
    };
    const { outcome } = heard(
      journey,
      progress,
      'assign',
      yield* once(telling, activities.submitRequest, input),
    );
    if (outcome.kind === 'later') return outcome;
    if (outcome.kind !== 'done') end(progress, outcome);
    else if (outcome.verdict) Object.assign(progress, { at: 'ending', verdict: outcome.verdict });
    else {
      const submittedAt = telling.context.df.currentUtcDateTime.toISOString();
      const { requestId, evidence } = outcome;
      Object.assign(progress, { at: 'requested', requestId, evidence, submittedAt });
    }
  }
  return undefined;
}

/** The step is over before a request came to be; its settled row is still to be written. */
export function end(progress: Progress, outcome: Rejected | Failed): void {
  progress.at = 'ending';
  progress.verdict = endingOf(outcome, StepOutcome);
  progress.evidence = outcome.evidence;
}

const inputOf = ({ context }: Telling, journey: Journey, progress: Progress) => ({
  run: journey.run,
  chain: journey.chain,
  at: context.df.currentUtcDateTime.toISOString(),
  step: stepOf(progress),
  targetId: journey.targetId ?? '',
});

/** Takes over the chain's new end: once it has moved, the intended row of this part is written. */
function heard<Done extends object>(
  journey: Journey,
  progress: Progress,
  part: 'ensure' | 'assign',
  answer: Answer<Done>,
): Answer<Done> {
  if (answer.chain && answer.chain.seq > journey.chain.seq) {
    journey.chain = answer.chain;
    progress.announced = part;
  }
  return answer;
}
