import type { OrchestrationContext } from 'durable-functions';
import { z } from 'zod';
import { Journey, type Progress } from '../shared/domain/journey';
import type { Failed, Outcome, Rejected } from '../shared/domain/outcome';
import type { Patience } from '../shared/domain/pace';
import { START_OF_CHAIN } from '../shared/domain/run';
import { ClosingOutcome, endingOf } from '../shared/domain/step-outcome';
import { attempt, noRetry, once, pauseFor, secondsFrom } from './attempt';
import { calls, sleepUntil, type Leg, type Telling } from './calls';
import { settleSteps, untilNextPoll } from './settle-steps';
import { end, submitStep } from './submit-step';

/** Tasks per generation, at up to four history events each: a history stays below 500 events. */
const LONG_HISTORY = 90;

/** Seconds between tries of what must happen in the end but has worn out its patience. */
const RARE = 900;

const BEFORE_ANY_PACE: Patience = { identity: 0, call: 6 * 3600 };

const AccessChangeInput = z.union([
  z.object({ eventHash: z.string(), attempt: z.number().int(), token: z.string() }),
  z.object({ journey: Journey }),
]);

/**
 * The story of one event: begin -> take turn -> plan -> submit each step -> release -> settle all -> close. It goes in
 * legs; between two legs it waits on a durable timer and holds nothing.
 */
export function* accessChange(context: OrchestrationContext): Leg<void> {
  const telling: Telling = { context, tasks: 0 };
  const journey = yield* begin(telling);
  while (journey) {
    if (journey.wakeAt) yield* sleepUntil(telling, new Date(journey.wakeAt));
    const pause = yield* nextLeg(telling, journey);
    if (pause === 'over') return;
    journey.wakeAt =
      pause > 0 ? secondsFrom(context.df.currentUtcDateTime, pause).toISOString() : undefined;
    if (telling.tasks > LONG_HISTORY) {
      context.df.continueAsNew({ journey });
      return;
    }
  }
}

/** The journey carried over from the last generation, or a new one; none if this run has no business here. */
function* begin(telling: Telling): Leg<Journey | undefined> {
  const { df } = telling.context;
  const input = AccessChangeInput.parse(df.getInput());
  if ('journey' in input) return input.journey;
  const started = { ...input, instanceId: df.instanceId };
  const { outcome } = yield* attempt(telling, calls.beginRun, started, BEFORE_ANY_PACE);
  if (outcome.kind === 'failed') throw new Error(outcome.why);
  if (outcome.kind !== 'done') return undefined;
  const { run, pace } = outcome;
  return { run, pace, chain: START_OF_CHAIN, stage: 'acting', phase: 1, steps: [], polls: 0 };
}

/** One leg; answers the seconds to wait before the next. */
function nextLeg(telling: Telling, journey: Journey): Leg<number | 'over'> {
  switch (journey.stage) {
    case 'acting':
      return actInTurn(telling, journey);
    case 'settling':
      return settleSteps(telling, journey);
    case 'closing':
      return close(telling, journey);
  }
}

/** Takes the worker's turn, acts, and gives the turn back before anything waits. Without a right to it, all is over. */
function* actInTurn(telling: Telling, journey: Journey): Leg<number | 'over'> {
  const turn = { run: journey.run, phase: journey.phase };
  const { outcome } = yield* attempt(telling, calls.takeTurn, turn, journey.pace);
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind === 'failed') giveUp(journey, outcome);
  const pause = outcome.kind === 'done' ? yield* act(telling, journey) : 0;
  yield* attempt(telling, calls.releaseTurn, turn, journey.pace);
  journey.phase += 1;
  return pause;
}

/** Plans and submits; on `later` the whole leg is taken up again, and what is done stays done. */
function* act(telling: Telling, journey: Journey): Leg<number> {
  const outcome = yield* planAndSubmit(telling, journey);
  const now = telling.context.df.currentUtcDateTime;
  if (outcome.kind === 'later') {
    const pause = pauseFor((journey.retry ??= noRetry(now)), outcome, now, journey.pace);
    if (pause.kind === 'pause') return pause.seconds;
    giveUp(journey, pause);
  } else if (outcome.kind !== 'done') giveUp(journey, outcome);
  else journey.stage = 'settling';
  journey.retry = undefined;
  return untilNextPoll(telling, journey);
}

function* planAndSubmit(telling: Telling, journey: Journey): Leg<Outcome> {
  const { outcome: plan } = yield* once(telling, calls.planAccess, { run: journey.run });
  if (plan.kind !== 'done') return plan;
  journey.targetId = plan.targetId;
  const known = new Set(journey.steps.map((progress) => progress.packageKey));
  const fresh = plan.steps.filter((step) => !known.has(step.packageKey));
  journey.steps.push(...fresh.map((step): Progress => ({ ...step, at: 'planned' })));
  for (const progress of journey.steps) {
    const later = yield* submitStep(telling, journey, progress);
    if (later) return later;
  }
  return { kind: 'done' };
}

/** What has no request yet gets none: the steps end with `outcome`, or the event itself where there is no plan. */
function giveUp(journey: Journey, outcome: Rejected | Failed): void {
  for (const progress of journey.steps) {
    if (progress.at === 'planned' || progress.at === 'ensured') end(progress, outcome);
  }
  journey.stage = journey.steps.length > 0 ? 'settling' : 'closing';
  if (journey.stage === 'closing') journey.closing = endingOf(outcome, ClosingOutcome);
}

/** Writes the one closing row, in a turn of its own. No event ends without it: it is tried for as long as it takes. */
function* close(telling: Telling, journey: Journey): Leg<number | 'over'> {
  const { df } = telling.context;
  const { outcome } = yield* once(telling, calls.closeRun, {
    run: journey.run,
    phase: journey.phase,
    chain: journey.chain,
    at: df.currentUtcDateTime.toISOString(),
    targetId: journey.targetId,
    outcome: journey.closing?.outcome ?? 'failed',
    reason: journey.closing?.reason,
    deliveredAt:
      journey.steps
        .map((progress) => progress.deliveredAt ?? '')
        .sort()
        .at(-1) || undefined,
  });
  journey.phase += 1;
  if (outcome.kind !== 'later') return 'over';
  const now = df.currentUtcDateTime;
  const pause = pauseFor((journey.retry ??= noRetry(now)), outcome, now, journey.pace);
  return pause.kind === 'pause' ? pause.seconds : RARE;
}
