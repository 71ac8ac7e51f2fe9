import { z } from 'zod';
import type { AccessModel, Mode } from '../access-model/access-model';
import { Id } from '../events/event';
import type { StoredFact } from './facts';
import { Action, type Held } from './held';
import { BrakeDecision } from './plan';
import { planFor } from './planner';
import { timelineOf } from './timeline';

/** The two limits that removals count against: `urgent` is of ends at an instant (`endsAt`), `usual` of all others. */
export const BrakeKind = z.enum(['usual', 'urgent']);
export type BrakeKind = z.infer<typeof BrakeKind>;

/** A step as far as the gate looks at it; its action is one of the planner's. */
type GateStep = {
  id: string;
  action: string;
  packageKey: string;
  after: readonly string[];
  /** What the account has of the package. */
  held?: string | undefined;
};

/** Which brake the revoke of a plan counts against, and from when on it may be made (milliseconds since 1970). */
export type Removal = { stepId: string; packageKey: string; kind: BrakeKind; settledAt: number };

/** What a brake says about the removals of one person; `brake` is its id. */
export const BrakeAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pass') }),
  z.object({ kind: z.literal('held'), brake: z.string() }),
  BrakeDecision.extend({ kind: z.enum(['released', 'discarded']) }),
]);
export type BrakeAnswer = z.infer<typeof BrakeAnswer>;

/** People on whom nothing is ever carried out, such as the owners of emergency accounts. */
export const Exclusions = z.strictObject({
  workerIds: z.array(z.string().min(1).max(64)).default([]),
  objectIds: z.array(z.guid().toLowerCase()).default([]),
});
export type Exclusions = z.infer<typeof Exclusions>;

/**
 * What a run of the reconciliation allows the recheck of one person to do: of the plan, only the steps that `pairs` name. It
 * adds nothing to a plan. `released`: who released what a brake of that run held, and why.
 */
export const Permit = z.object({
  run: Id,
  pairs: z.array(z.object({ packageKey: z.string(), action: Action.exclude(['wait']) })).min(1),
  released: BrakeDecision.optional(),
});
export type Permit = z.infer<typeof Permit>;

type Situation = {
  model: AccessModel;
  /** The mode of all packages that have none of their own. */
  mode: Mode;
  /** Whether one of the person's worker ids or object ids is on the list. */
  isExcluded: boolean;
  removals: readonly Removal[];
  /** The ids of revokes that somebody has discarded, if nothing was stated since. */
  discarded: ReadonlySet<string>;
  /** Without one, everything that is planned may be done. */
  permit?: Permit | undefined;
};

/** `answers`: of each kind that `removalsToCount` answered. */
type Decided = Situation & { at: number; answers: Partial<Record<BrakeKind, BrakeAnswer>> };

/** What becomes of a step that waits: for its settle time (`until`), for a mode, or for somebody who decides on a brake. */
export type Waiting = { why: 'settling' | 'paused' | 'brake'; until?: number; brake?: string };
export type NotRun = 'not-permitted' | 'excluded' | 'discarded' | 'after-not-carried-out';

/** The steps of a plan by what may be done with them; `wait` steps are in `run`, because they write nothing. */
export type Gated<Of extends GateStep> = {
  run: Of[];
  would: Of[];
  waiting: (Waiting & { step: Of })[];
  stopped: { step: Of; reason: NotRun }[];
};

/** The mode of a package: a pause of everything wins, else its own, else that of everything. */
export function modeOf(model: AccessModel, mode: Mode, packageKey: string): Mode {
  if (mode === 'paused') return mode;
  return model.accessPackages.find(({ key }) => key === packageKey)?.mode ?? mode;
}

/** Whether a person is on the list, by any of their worker ids or object ids. */
export const isExcluded = (
  { workerIds, objectIds }: Exclusions,
  person: { workerIds: readonly string[]; objectIds: readonly string[] },
): boolean =>
  person.workerIds.some((id) => workerIds.includes(id)) ||
  person.objectIds.some((id) => objectIds.includes(id.toLowerCase()));

/**
 * Whether a permit names a step. To wait for a request of a named package is part of it, and so is the new request that
 * takes the place of a `reprocess` that Graph would refuse by now.
 */
export const isPermitted = (
  permit: Permit | undefined,
  { action, packageKey, held }: Omit<GateStep, 'id' | 'after'>,
): boolean =>
  permit === undefined ||
  permit.pairs.some(
    (pair) =>
      pair.packageKey === packageKey &&
      (action === 'wait' ||
        pair.action === action ||
        (pair.action === 'reprocess' && action === 'grant' && held === 'broken')),
  );

/** The removals that count against a brake: those that nothing else keeps from being carried out. */
export function removalsToCount({ removals, ...situation }: Situation): Removal[] {
  if (situation.isExcluded) return [];
  return removals.filter(
    ({ stepId, packageKey }) =>
      !situation.discarded.has(stepId) &&
      modeOf(situation.model, situation.mode, packageKey) === 'enforce',
  );
}

/**
 * Decides about each step of a plan before anything is written. A step behind another (`after`) shares its wait, and is
 * stopped where the other is not carried out at all. Pure: what the brakes say comes in as data.
 */
export function gate<Of extends GateStep>(steps: readonly Of[], situation: Decided): Gated<Of> {
  const gated: Gated<Of> = { run: [], would: [], waiting: [], stopped: [] };
  const fates = new Map<string, Fate>();
  for (const step of steps) {
    const fate = fateOf(step, situation, fates);
    fates.set(step.id, fate);
    if (fate.kind === 'stopped') gated.stopped.push({ step, reason: fate.reason });
    else if (fate.kind === 'waiting') gated.waiting.push({ step, ...fate.waiting });
    else gated[fate.kind].push(step);
  }
  return gated;
}

type Fate =
  | { kind: 'run' | 'would' }
  | { kind: 'waiting'; waiting: Waiting }
  | { kind: 'stopped'; reason: NotRun };

function fateOf(step: GateStep, situation: Decided, fates: ReadonlyMap<string, Fate>): Fate {
  const { model, mode, isExcluded, permit } = situation;
  if (!isPermitted(permit, step)) return { kind: 'stopped', reason: 'not-permitted' };
  if (step.action === 'wait') return { kind: 'run' };
  if (isExcluded) return { kind: 'stopped', reason: 'excluded' };
  const own = modeOf(model, mode, step.packageKey);
  if (own === 'paused') return { kind: 'waiting', waiting: { why: 'paused' } };
  const before = step.after.map((id) => fates.get(id) ?? NEVER);
  if (own === 'observe') {
    // As it would be in `enforce`: what would be done first counts as done.
    const stopped = before.find(({ kind }) => kind === 'stopped');
    return stopped ? NEVER : { kind: 'would' };
  }
  if (before.some(({ kind }) => kind === 'would' || kind === 'stopped')) return NEVER;
  const waited = before.find(({ kind }) => kind === 'waiting');
  if (waited) return waited;
  return step.action === 'revoke' ? fateOfRevoke(step, situation) : { kind: 'run' };
}

const NEVER: Fate = { kind: 'stopped', reason: 'after-not-carried-out' };

function fateOfRevoke({ id }: GateStep, situation: Decided): Fate {
  const { at, removals, answers, discarded } = situation;
  if (discarded.has(id)) return { kind: 'stopped', reason: 'discarded' };
  const removal = removals.find((one) => one.stepId === id);
  const answer = removal && answers[removal.kind];
  if (answer?.kind === 'discarded') return { kind: 'stopped', reason: 'discarded' };
  if (answer?.kind === 'held')
    return { kind: 'waiting', waiting: { why: 'brake', brake: answer.brake } };
  if (removal && removal.settledAt > at)
    return { kind: 'waiting', waiting: { why: 'settling', until: removal.settledAt } };
  if (answer === undefined) throw new Error('the brake was not asked about a removal');
  return { kind: 'run' };
}

/** More facts than this in one settle time are not told apart. */
const MOST_RECENT = 20;

/**
 * The revokes of a plan, each with its kind and the instant from which it may be made: the settle time after the acceptance
 * of the fact that it comes from. That fact is found by leaving facts out: a removal that was planned without the facts of
 * the last minutes has settled, and one that is not planned without an end at an instant is urgent.
 */
export function removalsOf(
  steps: readonly GateStep[],
  situation: {
    facts: readonly StoredFact[];
    /** What the person holds in the account of these steps. */
    held: Held[];
    model: AccessModel;
    at: number;
    settleSeconds: number;
  },
): Removal[] {
  const revokes = steps.filter(({ action }) => action === 'revoke');
  if (revokes.length === 0) return [];
  const { facts, settleSeconds, at } = situation;
  const without = revokesOf(
    facts.filter((fact) => !isUrgent(fact)),
    situation,
  );
  const settling = settlingOf(situation);
  return revokes.map(({ id, packageKey }) => {
    const removal = { stepId: id, packageKey };
    const isOfInstant = facts.some(isUrgent) && !without.has(packageKey);
    if (isOfInstant) return { ...removal, kind: 'urgent', settledAt: at };
    const since = settling(packageKey);
    const settledAt = since === undefined ? at : since + settleSeconds * 1000;
    return { ...removal, kind: 'usual', settledAt: Math.max(settledAt, at) };
  });
}

/** Whether a fact ends an employment at an instant, also as a correction. */
export function isUrgent({ states }: StoredFact): boolean {
  const content = states.kind === 'corrected' ? states.content : states;
  return content.kind === 'left' && 'endsAt' in content;
}

/** The packages that would be revoked if only these facts were known. */
function revokesOf(
  facts: readonly StoredFact[],
  { held, model, at }: { held: Held[]; model: AccessModel; at: number },
): Set<string> {
  const { steps } = planFor({ timeline: timelineOf(facts, model), held, model, at });
  return new Set(
    steps.filter(({ action }) => action === 'revoke').map(({ packageKey }) => packageKey),
  );
}

/**
 * For a package: when the fact was accepted since which its removal has been planned without a break, undefined if that is
 * longer ago than the settle time.
 */
function settlingOf(
  situation: Parameters<typeof removalsOf>[1],
): (packageKey: string) => number | undefined {
  const { facts, at, settleSeconds } = situation;
  const settled = at - settleSeconds * 1000;
  const recent = [...new Set(facts.map(({ acceptedAt }) => Date.parse(acceptedAt)))]
    .filter((accepted) => accepted > settled)
    .sort((one, other) => other - one)
    .slice(0, MOST_RECENT);
  /** With the facts up to each of these times, the latest first; then without any of the recent ones. */
  const known = recent.map((accepted, index) => {
    const before = recent[index + 1] ?? settled;
    const earlier = facts.filter(({ acceptedAt }) => Date.parse(acceptedAt) <= before);
    return { accepted, planned: revokesOf(earlier, situation) };
  });
  return (packageKey) => known.find(({ planned }) => !planned.has(packageKey))?.accepted;
}
