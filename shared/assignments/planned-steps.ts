import { isReserved } from '../domain/events/event';
import { timeOfDay } from '../domain/events/time';
import type { Fact } from '../domain/lifecycle/facts';
import { canReprocess } from '../domain/lifecycle/held';
import type { PlannedStep } from '../domain/lifecycle/plan';
import type { Step, Stopped } from '../domain/lifecycle/planner';
import type { Timeline } from '../domain/lifecycle/timeline';
import { incompatible, type Interval, type Want } from '../domain/lifecycle/wants';
import type { Run } from '../domain/workflow/run';
import type { StepResult } from '../domain/workflow/step-outcome';
import type { DecidedStep } from '../domain/workflow/workflow-state';
import type { LoadedModel } from '../config/load-model';
import type { Access } from './access-of-package';

type Model = LoadedModel['model'];

/** What the steps on one account are made of. */
export type Situation = {
  run: Run;
  model: Model;
  at: number;
  personId: string;
  targetId: string | undefined;
  access: Access[];
  wants: Want[];
  timeline: Timeline;
  intervals: Interval[];
  /** What distinguishes the ids of steps on another account. */
  suffix?: string;
};

type PlanOfAccount = { steps: Step[]; stopped: Stopped[]; handOff: string[] };

/** The steps on one account in the form that a run carries out, and how everything ends of which nothing is to be done. */
export function stepsOf(situation: Situation, { steps, stopped, handOff }: PlanOfAccount) {
  const { wants, targetId, access, at } = situation;
  const decide = (
    action: PlannedStep['action'],
    packageKey: string,
    result: StepResult,
  ): DecidedStep => ({ ...stepOf(situation, { action, packageKey, after: [] }), result });
  const planned = new Set([...steps, ...stopped].map(({ packageKey }) => packageKey));
  const kept = wants.filter(({ packageKey }) => !planned.has(packageKey));
  const isHeld = (key: string) =>
    access.some(
      ({ until = Infinity, ...one }) =>
        one.targetId === targetId && one.packageKey === key && one.state === 'held' && until > at,
    );
  return {
    steps: steps.map((step) => stepOf(situation, asGrantIfTooLate(situation, step))),
    decided: [
      ...kept.map(({ packageKey }) =>
        decide('grant', packageKey, isHeld(packageKey) ? ALREADY_HELD : POLICY_ENDED),
      ),
      ...stopped
        .filter(({ reason }) => reason !== 'no-facts')
        .map((stop) => decide('grant', stop.packageKey, resultOfStop(situation, stop))),
      ...handOff.map((packageKey) => decide('hand-off', packageKey, { outcome: 'handed-off' })),
    ],
  };
}

const ALREADY_HELD: StepResult = { outcome: 'already-held' };
/** The policy's own end has passed while a rule still gives the package, and the model does not say to renew it. */
const POLICY_ENDED: StepResult = { outcome: 'needs-attention', reason: 'policy-ended' };

function resultOfStop(
  { model, access, targetId, wants }: Situation,
  { packageKey, reason }: Stopped,
): StepResult {
  if (reason === 'broken-not-ours') return { outcome: 'needs-attention', reason };
  const others = [...heldBy(access, targetId), ...wants].map((one) => one.packageKey);
  const partner = others.find((other) => incompatible(model, packageKey, other));
  return { outcome: 'refused-sod', reason: [reason, ...(partner ? [partner] : [])].join(':') };
}

function asGrantIfTooLate({ access, targetId, at }: Situation, step: Step): Step {
  if (step.action !== 'reprocess') return step;
  const one = heldBy(access, targetId).find(({ packageKey }) => packageKey === step.packageKey);
  if (one && canReprocess(one, at)) return step;
  return { ...step, action: 'grant', id: `grant:${step.packageKey}` };
}

type StepDraft = {
  action: PlannedStep['action'];
  packageKey: string;
  after: string[];
  until?: number | undefined;
};

function stepOf(situation: Situation, draft: StepDraft): PlannedStep {
  const { run, model, personId, targetId = '', suffix = '' } = situation;
  const { action, packageKey, after, until } = draft;
  const one = heldBy(situation.access, targetId).find((held) => held.packageKey === packageKey);
  const want = situation.wants.find((wanted) => wanted.packageKey === packageKey);
  const ended = situation.intervals
    .filter(
      (interval) =>
        interval.packageKey === packageKey && (interval.until ?? Infinity) <= situation.at,
    )
    .toSorted((a, b) => (a.until ?? 0) - (b.until ?? 0))
    .at(-1);
  const actAt = want?.from ?? ended?.until;
  const facts = (want?.facts ?? factsAgainst(situation, ended)).map(({ hash }) => hash);
  // An event of the clock, or of a person who asks for it, states nothing.
  const own = want || isReserved(run.fact.eventSource) ? [] : [run.eventHash];
  const needsRequest = action === 'wait' || action === 'reprocess';
  return {
    ...{ id: `${action}:${packageKey}${suffix}`, action, targetId, packageKey },
    ...(want && { ruleId: want.ruleId }),
    wait: model.accessPackages.find(({ key }) => key === packageKey)?.wait ?? false,
    ...(until !== undefined && { until: iso(until) }),
    after: after.map((id) => `${id}${suffix}`),
    personId: one?.personId ?? personId,
    ids: one?.ids ?? {},
    ...(one?.assignmentId !== undefined && { assignmentId: one.assignmentId }),
    ...((action === 'revoke' || action === 'extend') && { plannedAt: iso(situation.at) }),
    ...((action === 'revoke' || action === 'hand-off') && {
      employed: spansAt(situation).length > 0,
    }),
    ...(needsRequest && one?.requestId !== undefined && { requestId: one.requestId }),
    ...(action === 'wait' && { waitsFor: one?.state === 'removing' ? 'removal' : 'grant' }),
    held: one?.state ?? 'nothing',
    ...(one?.until !== undefined && { heldUntil: iso(one.until) }),
    whose: action === 'grant' ? (one?.whose ?? 'ours') : (one?.whose ?? 'theirs'),
    ...(actAt !== undefined && { actAt: iso(actAt) }),
    ...(want && { readyBy: timeOfDay(want.firstDay, model.readyAt, want.zone) }),
    factHashes: [...new Set([...facts, ...own])],
  };
}

/** Why a package is not wanted: what gave it and what ended that, else what the present employments or all facts say. */
function factsAgainst(situation: Situation, ended: Interval | undefined): Fact[] {
  if (ended) return [...ended.facts, ...(ended.endedBy ? [ended.endedBy] : [])];
  const present = spansAt(situation);
  if (present.length > 0) return present.flatMap(({ facts }) => facts);
  return [...situation.timeline.fates].flatMap(([fact, fate]) =>
    fate === 'current' ? [fact] : [],
  );
}

const spansAt = ({ timeline, at }: Situation) =>
  timeline.spans.filter(({ from, until = Infinity }) => from <= at && at < until);

export const heldBy = (access: readonly Access[], targetId: string | undefined): Access[] =>
  access.filter((one) => one.targetId === targetId);

export const iso = (instant: number): string => new Date(instant).toISOString();
