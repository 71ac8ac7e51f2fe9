import { stepOf, type Journey, type Progress } from '../shared/domain/workflow/workflow-state';
import { nextPoll } from '../shared/domain/workflow/timeouts';
import { verdictOn } from '../shared/domain/workflow/settlement';
import { closingOutcome, endingOf, StepOutcome } from '../shared/domain/workflow/step-outcome';
import { noRetry, once, pauseFor } from './retry';
import { activities } from '../shared/domain/workflow/activities';
import { type Leg, type Telling } from './durable';

/** Polls every open request once and records what has ended. Answers the seconds until the next poll, or 0. */
export function* settleSteps(telling: Telling, journey: Journey): Leg<number | 'over'> {
  const busy = yield* pollOpen(telling, journey);
  for (const progress of journey.steps) {
    if (progress.at !== 'ending') continue;
    const pause = yield* settleStep(telling, journey, progress);
    if (pause !== 0) return pause;
  }
  if (open(journey).length > 0) return Math.max(busy, untilNextPoll(telling, journey));
  journey.stage = 'closing';
  journey.closing = closingOf(journey.steps);
  return 0;
}

/** The outcome of all steps together, with the reason of the step that decided it. */
function closingOf(steps: Progress[]): Journey['closing'] {
  const outcome = closingOutcome(steps.flatMap((progress) => progress.outcome ?? []));
  const reasons = steps.filter((progress) => progress.verdict?.reason !== undefined);
  const decided = reasons.find((progress) => progress.outcome === outcome) ?? reasons[0];
  return { outcome, reason: decided?.verdict?.reason };
}

/** Seconds until the open requests are looked at again. */
export function untilNextPoll(telling: Telling, journey: Journey): number {
  const elapsed = Math.min(
    ...open(journey).map((progress) => since(telling, progress.submittedAt)),
  );
  return Number.isFinite(elapsed) ? nextPoll(journey.pace.poll, journey.polls, elapsed) : 0;
}

function* pollOpen(telling: Telling, journey: Journey): Leg<number> {
  const waiting = open(journey);
  if (waiting.length === 0) return 0;
  const requestIds = waiting.flatMap((progress) => progress.requestId ?? []);
  const { outcome } = yield* once(telling, activities.pollRequests, {
    run: journey.run,
    requestIds,
  });
  journey.polls += 1;
  waiting.forEach((progress, index) => {
    const reading = outcome.kind === 'done' ? outcome.readings[index] : undefined;
    Object.assign(progress, reading);
    judge(telling, journey, progress);
  });
  return outcome.kind === 'later' ? outcome.afterSeconds : 0;
}

/** By what was read last: a poll without an answer changes nothing but the time that has passed. */
function judge(telling: Telling, journey: Journey, progress: Progress): void {
  const { phase = 'unknown', wait, submittedAt } = progress;
  const now = telling.context.df.currentUtcDateTime.toISOString();
  if (phase === 'partial') progress.partialSince ??= now;
  const elapsed = since(telling, submittedAt);
  const partialFor = since(telling, progress.partialSince);
  const verdict = verdictOn({ phase, wait, elapsed, partialFor }, journey.pace);
  if (verdict) Object.assign(progress, { at: 'ending', verdict });
}

/** Writes the settled row. Answers the seconds to wait if it cannot be written yet, 0 once it is. */
function* settleStep(telling: Telling, journey: Journey, progress: Progress): Leg<number | 'over'> {
  const { df } = telling.context;
  const { announced, verdict } = progress;
  if (!announced || !verdict) {
    Object.assign(progress, { at: 'settled', outcome: verdict?.outcome ?? 'failed' });
    return 0;
  }
  const { chain, outcome } = yield* once(telling, activities.settleStep, {
    run: journey.run,
    chain: journey.chain,
    at: df.currentUtcDateTime.toISOString(),
    step: stepOf(progress),
    part: announced,
    targetId: journey.targetId ?? '',
    verdict,
    ids: progress.ids,
    requestId: progress.requestId,
    submittedAt: progress.submittedAt,
    completedAt: progress.completedAt,
    graphState: progress.graphState,
    evidence: progress.evidence,
  });
  journey.chain = chain ?? journey.chain;
  if (outcome.kind === 'done') {
    journey.retry = undefined;
    const { deliveredAt } = outcome;
    Object.assign(progress, { at: 'settled', outcome: outcome.outcome, deliveredAt });
    return 0;
  }
  if (outcome.kind === 'rejected') return 'over';
  const now = df.currentUtcDateTime;
  const retry = (journey.retry ??= noRetry(now));
  const pause = outcome.kind === 'later' ? pauseFor(retry, outcome, now, journey.pace) : outcome;
  if (pause.kind === 'pause') return pause.seconds;
  journey.retry = undefined;
  // What was to be confirmed cannot be: the row says so instead. A row that fails for ever is left to the closing one.
  const hopeless = pause.why === 'defect' && verdict.reason === 'defect';
  progress.verdict = endingOf(pause, StepOutcome);
  if (hopeless) Object.assign(progress, { at: 'settled', outcome: 'failed' });
  else progress.verdict = { ...progress.verdict, reason: progress.verdict.reason ?? pause.why };
  return 1;
}

const open = (journey: Journey): Progress[] =>
  journey.steps.filter((progress) => progress.at === 'requested');

const since = (telling: Telling, time: string | undefined): number =>
  time ? (telling.context.df.currentUtcDateTime.getTime() - Date.parse(time)) / 1000 : 0;
