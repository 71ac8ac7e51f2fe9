import { z } from 'zod';
import type { AccessModel } from '../access-model/access-model';
import type { Action, Held } from './held';
import type { Timeline } from './timeline';
import {
  incompatible,
  intervalsOf,
  policyEnd,
  wantedThroughout,
  wantsAt,
  type Interval,
  type Want,
} from './wants';

const DAY = 86_400_000;

/** `id` is `<action>:<packageKey>`; a step may begin when the steps in `after` are done. */
export type Step = {
  id: string;
  action: Action;
  packageKey: string;
  until?: number | undefined;
  after: string[];
};
export const StopReason = z.enum([
  'sod-partner-not-ours',
  'sod-partner-open',
  'sod-both-wanted',
  'broken-not-ours',
  'no-facts',
]);
export type StopReason = z.infer<typeof StopReason>;
export type Stopped = { packageKey: string; reason: StopReason };

export type Plan = { wants: Want[]; steps: Step[]; stopped: Stopped[]; handOff: string[] };
type Situation = { timeline: Timeline; held: Held[]; model: AccessModel };

/**
 * What to do for a person at `at` (milliseconds since 1970) so that they hold what the model gives them, and `next`, the
 * first later instant at which wants or steps differ. Pure: no clock, no I/O.
 */
export function planFor({
  at,
  ...situation
}: Situation & { at: number }): Plan & { next?: number } {
  const intervals = intervalsOf(situation.timeline, situation.model);
  const plan = planAt(situation, intervals, at);
  const next = nextChange(situation, intervals, plan, at);
  return { ...plan, ...(next !== undefined && { next }) };
}

/** The same without `next`, which costs a plan of every later instant; `intervals` are those of the timeline. */
export function planAt(situation: Situation, intervals: Interval[], at: number): Plan {
  const { model, timeline } = situation;
  const fates = [...timeline.fates.values()];
  const wants = wantsAt(intervals, model, at);
  // An ignored event says nothing about the person, and nothing may be taken from somebody without any event that counts.
  if (fates.every((fate) => fate === 'ignored')) {
    const stopped = situation.held.map(({ packageKey }) => ({
      packageKey,
      reason: 'no-facts' as const,
    }));
    return { wants, steps: [], stopped, handOff: [] };
  }
  const held = currentOf(situation.held, at);
  const plan: Plan = { wants, steps: [], stopped: [], handOff: [] };
  const wanted = new Map(wants.map((want) => [want.packageKey, want]));
  for (const one of held.values()) {
    if (!wanted.has(one.packageKey)) planUnwanted(one, plan);
  }
  const losers = losersOf(wants, held, model);
  const context = {
    ...{ model, timeline, intervals, at },
    held,
    wanted,
    losers,
    allHeld: situation.held,
  };
  for (const want of wants) planWanted(want, context, plan);
  return plan;
}

/**
 * One entry per package: what has ended is no longer held; where several say something, the surest one counts, and of those
 * the one that is not ours.
 */
export function currentOf<Of extends Held>(all: readonly Of[], at: number): Map<string, Of> {
  const states = ['held', 'adding', 'removing', 'broken'];
  const rank = ({ state, whose }: Held): number =>
    2 * states.indexOf(state) + (whose === 'ours' ? 1 : 0);
  const current = new Map<string, Of>();
  for (const one of all) {
    if ((one.state === 'held' || one.state === 'broken') && (one.until ?? Infinity) <= at) continue;
    const known = current.get(one.packageKey);
    if (known && rank(known) <= rank(one)) continue;
    current.set(one.packageKey, one);
  }
  return current;
}

function planUnwanted({ packageKey, whose, state }: Held, plan: Plan): void {
  if (whose !== 'ours') plan.handOff.push(packageKey);
  else if (state === 'held' || state === 'broken') plan.steps.push(step('revoke', packageKey));
  else plan.steps.push(step('wait', packageKey));
}

type Context = {
  model: AccessModel;
  timeline: Timeline;
  intervals: Interval[];
  at: number;
  allHeld: Held[];
  held: Map<string, Held>;
  wanted: Map<string, Want>;
  losers: Set<string>;
};

function planWanted(want: Want, context: Context, plan: Plan): void {
  const { packageKey } = want;
  const one = context.held.get(packageKey);
  const stop = (reason: StopReason) => plan.stopped.push({ packageKey, reason });
  if (one?.state === 'adding' || one?.state === 'removing') {
    plan.steps.push(step('wait', packageKey));
  } else if (context.losers.has(packageKey)) {
    stop('sod-both-wanted');
  } else if (one?.state === 'held') {
    const until = extension(one, want, context);
    if (until !== 'none') plan.steps.push({ ...step('extend', packageKey), ...until });
  } else if (one?.state === 'broken' && one.whose !== 'ours') {
    stop('broken-not-ours');
  } else {
    const blocked = partnersOf(packageKey, context);
    if (!Array.isArray(blocked)) stop(blocked);
    else if (one !== undefined) plan.steps.push(step('reprocess', packageKey, blocked));
    else if (mayGrant(want, context)) {
      const until = grantUntil(want, context);
      plan.steps.push({ ...step('grant', packageKey, blocked), ...(until && { until }) });
    }
  }
}

const step = (action: Action, packageKey: string, after: string[] = []): Step => ({
  id: `${action}:${packageKey}`,
  action,
  packageKey,
  after,
});

/** Of an incompatible pair that is wanted at once, the one that we gave stays, else the first of the model. */
function losersOf(wants: Want[], held: Map<string, Held>, model: AccessModel): Set<string> {
  const isOurs = ({ packageKey }: Want): boolean => {
    const one = held.get(packageKey);
    return one?.whose === 'ours' && one.state !== 'removing';
  };
  const winners: string[] = [];
  const losers = new Set<string>();
  const ordered = [...wants.filter(isOurs), ...wants.filter((want) => !isOurs(want))];
  for (const { packageKey } of ordered) {
    const loses = winners.some((winner) => incompatible(model, winner, packageKey));
    if (loses) losers.add(packageKey);
    else winners.push(packageKey);
  }
  return losers;
}

/** The revokes that must be done before a package is given, or why it cannot be given beside what is held. */
function partnersOf(key: string, { model, held, wanted }: Context): string[] | StopReason {
  const partners = [...held.values()].filter((one) => incompatible(model, key, one.packageKey));
  if (partners.some(({ whose }) => whose !== 'ours')) return 'sod-partner-not-ours';
  if (partners.some(({ state }) => state === 'adding' || state === 'removing')) {
    return 'sod-partner-open';
  }
  if (partners.some(({ packageKey }) => wanted.has(packageKey))) return 'sod-both-wanted';
  return partners.map(({ packageKey }) => `revoke:${packageKey}`);
}

/** The later end of an assignment of ours, or none where it lasts as long as it is wanted. */
function extension(one: Held, want: Want, context: Context): { until?: number } | 'none' {
  const { until: end, whose, packageKey } = one;
  if (whose !== 'ours' || end === undefined) return 'none';
  if (want.until !== undefined && end >= want.until) return 'none';
  if (isPolicysOwn(one, context)) return 'none';
  const days = durationDays(context.model, packageKey);
  // The policy would end it no later than it ends already.
  if (days !== undefined && context.at + days * DAY <= end) return 'none';
  const until = grantUntil(want, context);
  if (until === undefined) return {};
  return until > end ? { until } : 'none';
}

/** Whether the policy itself set the end, and no schedule: then it is no end that the facts ever stated. */
function isPolicysOwn({ packageKey, until }: Held, { model, timeline }: Context): boolean {
  const accessPackage = model.accessPackages.find(({ key }) => key === packageKey);
  if (accessPackage === undefined || until === undefined) return false;
  const cap = policyEnd(accessPackage);
  if (cap !== undefined) return until >= cap;
  if (accessPackage.policy?.expiration.type === 'noExpiration') return false;
  return !timeline.statedEnds.has(until);
}

/**
 * What the policy ended while it was wanted, as it is still, is given again only where the package says `renew`; nothing is
 * given past the policy's last date.
 */
function mayGrant({ packageKey }: Want, context: Context): boolean {
  const accessPackage = context.model.accessPackages.find(({ key }) => key === packageKey);
  const cap = accessPackage && policyEnd(accessPackage);
  if (accessPackage === undefined || (cap !== undefined && cap <= context.at)) return false;
  const { intervals, at } = context;
  const ended = context.allHeld.some(
    (one) =>
      one.packageKey === packageKey &&
      one.whose === 'ours' &&
      one.until !== undefined &&
      one.until <= at &&
      isPolicysOwn(one, context) &&
      wantedThroughout(intervals, packageKey, one.until, at),
  );
  return !ended || accessPackage.renew;
}

/** A contractor's end as the schedule of a grant, within what the policy allows. */
function grantUntil({ packageKey, schedule }: Want, { model, at }: Context): number | undefined {
  const days = durationDays(model, packageKey);
  if (schedule === undefined || days === undefined) return schedule;
  return Math.min(schedule, at + days * DAY);
}

/** How many days the policy of a package lets an assignment last; undefined if it sets no duration. */
export function durationDays(model: AccessModel, packageKey: string): number | undefined {
  const accessPackage = model.accessPackages.find(({ key }) => key === packageKey);
  const expiration = accessPackage?.policy?.expiration;
  return expiration?.type === 'afterDuration'
    ? Number.parseInt(expiration.duration.slice(1))
    : undefined;
}

function nextChange(
  situation: Situation,
  intervals: Interval[],
  plan: Plan,
  at: number,
): number | undefined {
  const wanted = new Set(plan.wants.map(({ packageKey }) => packageKey));
  const ends = situation.held
    .filter(({ packageKey, state }) => wanted.has(packageKey) && state === 'held')
    .map(({ until }) => until);
  const instants = [
    ...intervals.flatMap(({ from, until }) => [from, until]),
    ...situation.held.flatMap((one) => [one.until, extensibleFrom(one, situation.model)]),
    ...situation.model.accessPackages.map(policyEnd),
  ].filter((instant) => instant !== undefined && instant > at) as number[];
  const now = shown(plan, situation.model);
  return [...new Set(instants)]
    .sort((a, b) => a - b)
    .find(
      (instant) =>
        ends.includes(instant) ||
        shown(planAt(situation, intervals, instant), situation.model) !== now,
    );
}

/** The first instant at which a duration policy would let an assignment end later than it does. */
function extensibleFrom({ packageKey, until }: Held, model: AccessModel): number | undefined {
  const days = durationDays(model, packageKey);
  return until === undefined || days === undefined ? undefined : until - days * DAY + 1;
}

/** The part of a plan whose change is a change. A duration policy moves an end with the clock, which is none. */
function shown({ wants, steps }: Plan, model: AccessModel): string {
  return JSON.stringify([
    wants.map(({ packageKey, ruleId, until, reason }) => [packageKey, ruleId, until, reason]),
    steps.map(({ id, packageKey, until, after }) => {
      return [id, after, durationDays(model, packageKey) === undefined && until];
    }),
  ]);
}
