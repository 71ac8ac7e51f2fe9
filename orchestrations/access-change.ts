import type { OrchestrationContext } from 'durable-functions';
import { z } from 'zod';
import { Journey, Retry, type Progress } from '../shared/domain/workflow/workflow-state';
import type { Failed, Later, Outcome, Rejected } from '../shared/domain/workflow/outcome';
import type { Patience } from '../shared/domain/workflow/timeouts';
import { START_OF_CHAIN } from '../shared/domain/workflow/run';
import { ClosingOutcome, endingOf } from '../shared/domain/workflow/step-outcome';
import { noRetry, once, pauseFor, secondsFrom } from './retry';
import { activities } from '../shared/domain/workflow/activities';
import { sleepUntil, type Leg, type Telling } from './durable';
import { settleSteps, untilNextPoll } from './settle-steps';
import { end, submitStep } from './submit-step';
import { TELLS_ITS_VERSION, versionOf } from './version';

/** Tasks per generation, at up to four history events each: a history stays below 500 events. */
const LONG_HISTORY = 90;

/** Seconds between tries of what must happen in the end but has worn out its patience. */
const RARE = 900;

const BEFORE_ANY_PACE: Patience = { identity: 0, call: 6 * 3600, delivery: 0 };

/** What a start names, and what one generation of the history hands to the next. */
const AccessChangeInput = z.object({
  eventHash: z.string(),
  attempt: z.number().int(),
  token: z.string(),
  journey: Journey.optional(),
  retry: Retry.optional(),
  wakeAt: z.string().optional(),
});
type Story = z.infer<typeof AccessChangeInput>;

/**
 * The story of one event: begin -> take turn -> plan -> submit each step -> release -> settle all -> close. It goes in
 * legs; between two legs it waits on a durable timer and holds nothing.
 */
export function* accessChange(context: OrchestrationContext): Leg<void> {
  const telling: Telling = { context, tasks: 0 };
  const story = AccessChangeInput.parse(context.df.getInput());
  for (;;) {
    if (story.wakeAt) yield* sleepUntil(telling, new Date(story.wakeAt));
    const pause = yield* story.journey ? nextLeg(telling, story.journey) : begin(telling, story);
    if (pause === 'over') return;
    story.wakeAt =
      pause > 0 ? secondsFrom(context.df.currentUtcDateTime, pause).toISOString() : undefined;
    if (telling.tasks > LONG_HISTORY) {
      context.df.continueAsNew(story);
      return;
    }
  }
}

/** Makes this execution the run of its attempt. A run that is late, doubled or stale has no business here: over. */
function* begin(telling: Telling, story: Story): Leg<number | 'over'> {
  const { df } = telling.context;
  const { eventHash, attempt, token } = story;
  const version = versionOf(telling.context);
  const started = {
    ...{ eventHash, attempt, token, instanceId: df.instanceId },
    ...(version >= TELLS_ITS_VERSION && { version }),
  };
  const { outcome } = yield* once(telling, activities.beginRun, started);
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind === 'done') {
    const { run, pace } = outcome;
    const fresh = {
      chain: START_OF_CHAIN,
      stage: 'acting',
      phase: 1,
      steps: [],
      polls: 0,
    } as const;
    story.journey = { run, pace, ...fresh, steps: [] };
    story.retry = undefined;
    return 0;
  }
  const now = df.currentUtcDateTime;
  const retry = (story.retry ??= noRetry(now));
  const pause = outcome.kind === 'later' ? pauseFor(retry, outcome, now, BEFORE_ANY_PACE) : outcome;
  if (pause.kind === 'failed') throw new Error(pause.why);
  return pause.seconds;
}

/** One leg; answers the seconds to wait before the next. A turn that could not be given back is given back first. */
function* nextLeg(telling: Telling, journey: Journey): Leg<number | 'over'> {
  const owing = yield* giveBack(telling, journey);
  if (owing > 0) return owing;
  switch (journey.stage) {
    case 'acting':
      return yield* actInTurn(telling, journey);
    case 'settling':
      return yield* settleSteps(telling, journey);
    case 'closing':
      return yield* close(telling, journey);
  }
}

/** Takes the worker's turn, acts, and gives the turn back before anything waits. Without a right to it, all is over. */
function* actInTurn(telling: Telling, journey: Journey): Leg<number | 'over'> {
  const turn = { run: journey.run, phase: journey.phase };
  const { outcome } = yield* once(telling, activities.takeTurn, turn);
  if (outcome.kind === 'rejected') return 'over';
  const pause =
    outcome.kind === 'done'
      ? yield* act(telling, journey)
      : waitOrGiveUp(telling, journey, outcome);
  if (outcome.kind !== 'done') return pause;
  journey.owed = {
    phase: journey.phase,
    retry: noRetry(telling.context.df.currentUtcDateTime),
  };
  journey.phase += 1;
  return Math.max(pause, yield* giveBack(telling, journey));
}

/** Releases the turn that this run still holds, if any. Answers the seconds to wait if that cannot be done now. */
function* giveBack(telling: Telling, journey: Journey): Leg<number> {
  if (!journey.owed) return 0;
  const { phase, retry } = journey.owed;
  const { outcome } = yield* once(telling, activities.releaseTurn, { run: journey.run, phase });
  if (outcome.kind === 'later') {
    const now = telling.context.df.currentUtcDateTime;
    const pause = pauseFor(retry, outcome, now, journey.pace);
    if (pause.kind === 'pause') return pause.seconds;
  }
  journey.owed = undefined;
  return 0;
}

/** Plans and submits; on `later` the whole leg is taken up again, and what is done stays done. */
function* act(telling: Telling, journey: Journey): Leg<number> {
  const outcome = yield* planAndSubmit(telling, journey);
  if (outcome.kind !== 'done') return waitOrGiveUp(telling, journey, outcome);
  journey.stage = 'settling';
  journey.retry = undefined;
  return untilNextPoll(telling, journey);
}

/** `later` is waited for within its patience; anything else, and the end of patience, ends what has no request yet. */
function waitOrGiveUp(
  { context }: Telling,
  journey: Journey,
  outcome: Later | Rejected | Failed,
): number {
  const now = context.df.currentUtcDateTime;
  const retry = (journey.retry ??= noRetry(now));
  const pause = outcome.kind === 'later' ? pauseFor(retry, outcome, now, journey.pace) : outcome;
  if (pause.kind === 'pause') return pause.seconds;
  giveUp(journey, pause);
  journey.retry = undefined;
  return untilNextPoll({ context, tasks: 0 }, journey);
}

function* planAndSubmit(telling: Telling, journey: Journey): Leg<Outcome> {
  const { outcome: plan } = yield* once(telling, activities.planAccess, { run: journey.run });
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
  const { outcome } = yield* once(telling, activities.closeRun, {
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
