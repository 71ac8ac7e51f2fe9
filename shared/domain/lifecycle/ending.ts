import type { AccessModel } from '../access-model/access-model';
import { nearestRule } from '../access-model/nearest-rule';
import type { Attributes } from '../events/event';
import type { Content, Fact } from './facts';
import { isPermitted, type Permit } from './gate';
import { birthrightsFor, type PlannedStep } from './plan';
import { timelineOf, type Timeline } from './timeline';
import { intervalsOf, wantsAt, type Interval, type Want } from './wants';

type Situation = {
  fact: Fact;
  timeline: Timeline;
  wants: Want[];
  model: AccessModel;
};

/** How an event ends whose steps had nothing to do. */
export type UntouchedEnding = {
  outcome:
    | 'already-held'
    | 'superseded'
    | 'rescinded'
    | 'revoked'
    | 'no-matching-rule'
    | 'needs-attention';
  reason?: string;
};

/**
 * How an event ends if nothing had to be done for it, by the fate of its fact and by what it states; undefined if the person
 * has all that the rules give, so that every package is held already.
 */
export function endingOf(situation: Situation): UntouchedEnding | undefined {
  const { fact, timeline, wants, model } = situation;
  const { states } = fact;
  const content = states.kind === 'corrected' ? states.content : states;
  switch (timeline.fates.get(fact)) {
    case 'superseded':
    case 'corrected':
      return { outcome: 'superseded' };
    case 'rescinded':
      return { outcome: 'rescinded' };
    case 'ignored': {
      const reason = states.kind === 'left' ? 'unknown-employment' : 'unknown-event';
      return { outcome: 'needs-attention', reason };
    }
    default:
      break;
  }
  if (content.kind === 'left' || content.kind === 'rescinded') return { outcome: 'revoked' };
  if (wants.length > 0) return undefined;
  const attributes = attributesOf(content);
  // A rule matches, and the employment is over.
  if (birthrightsFor(model, attributes).length > 0) return { outcome: 'revoked' };
  return { outcome: 'no-matching-rule', reason: nearestRule(model, attributes).ruleId };
}

/**
 * How a recheck ends if nothing of what its permit allows is planned any more, because the person has changed since the
 * reconciliation looked; undefined if something is, or was done.
 */
export function endingOfPermit(
  permit: Permit,
  {
    hasActed,
    planned,
    decided,
  }: {
    hasActed: boolean;
    planned: readonly PlannedStep[];
    decided: readonly (PlannedStep & { result: { outcome: string } })[];
  },
): UntouchedEnding | undefined {
  if (hasActed || planned.some((step) => isPermitted(permit, step))) return undefined;
  const given = permit.pairs.filter(({ action }) => action !== 'revoke');
  const isHeld = ({ packageKey }: { packageKey: string }): boolean =>
    decided.some((one) => one.packageKey === packageKey && one.result.outcome === 'already-held');
  return given.length > 0 && given.every(isHeld)
    ? { outcome: 'already-held', reason: 'held-meanwhile' }
    : { outcome: 'superseded', reason: 'no-longer-planned' };
}

const attributesOf = (content: Exclude<Content, { kind: 'left' }>): Attributes =>
  content.kind === 'snapshot' ? (content.spans.at(-1)?.attributes ?? {}) : content.attributes;

/** When a fact first makes a difference later, in milliseconds since 1970, and whether access begins, ends or changes then. */
export type FirstEffect = { at: number; why: 'future-start' | 'future-end' | 'future-change' };

/**
 * The first instant after `at` at which what a person should have changes because of this fact; undefined if it gives
 * something already, or changes nothing later. An end or a move that is still ahead gives nothing, although the access that
 * it leaves may have gone by an earlier date without it. Pure: a function of the set of facts.
 */
export function firstEffectOf(
  facts: readonly Fact[],
  hash: string,
  model: AccessModel,
  at: number,
): FirstEffect | undefined {
  const timeline = timelineOf(facts, model);
  const fact = facts.find((one) => one.hash === hash);
  if (fact === undefined || timeline.fates.get(fact) !== 'current') return undefined;
  const intervals = intervalsOf(timeline, model);
  const others = facts.filter((one) => one.hash !== hash);
  const without = intervalsOf(timelineOf(others, model), model);
  const now = wantsAt(intervals, model, at);
  const isBehind = (one: { facts: Fact[] }): boolean => one.facts.includes(fact);
  const begins = intervals.filter(isBehind).map(({ from }) => from);
  const ends = timeline.spans.flatMap(({ left, until }) =>
    left && isEnd(fact) && until !== undefined ? [until] : [],
  );
  const first = Math.min(...begins);
  const isToBegin = begins.length > 0 && first > at;
  const isAhead = isToBegin || ends.some((end) => end > at);
  if (!isAhead && givesMore(now, wantsAt(without, model, at))) return undefined;
  const instants = intervals.flatMap(({ from, until }) => [from, until ?? from]);
  for (const instant of [...new Set(instants)].filter((one) => one > at).sort((a, b) => a - b)) {
    const change = changeAt(intervals, model, instant);
    const { added, removed } = change;
    if (added.length + removed.length === 0) continue;
    const isOwn =
      added.some(isBehind) ||
      ends.includes(instant) ||
      keyOf(change) !== keyOf(changeAt(without, model, instant));
    if (isOwn) return { at: instant, why: nameOf(change) };
  }
  // It changes nothing of what comes, and has yet to begin: until then nothing can be said to be over or held.
  return now.length === 0 && isToBegin ? { at: first, why: 'future-start' } : undefined;
}

const isEnd = ({ states }: Fact): boolean =>
  states.kind === 'left' || (states.kind === 'corrected' && states.content.kind === 'left');

/**
 * Whether a package is wanted that otherwise is not, or for longer. What is not wanted any more is removed by a step, or is
 * not held.
 */
function givesMore(now: readonly Want[], before: readonly Want[]): boolean {
  const known = new Map(before.map((want) => [want.packageKey, want]));
  return now.some(({ packageKey, schedule = Infinity }) => {
    const other = known.get(packageKey);
    return other === undefined || schedule > (other.schedule ?? Infinity);
  });
}

type Change = { added: Want[]; removed: Want[] };

function changeAt(intervals: Interval[], model: AccessModel, instant: number): Change {
  const before = wantsAt(intervals, model, instant - 1);
  const after = wantsAt(intervals, model, instant);
  const notIn = (others: Want[]) => (want: Want) =>
    others.every(({ packageKey }) => packageKey !== want.packageKey);
  return { added: after.filter(notIn(before)), removed: before.filter(notIn(after)) };
}

const keyOf = ({ added, removed }: Change): string =>
  JSON.stringify([
    added.map(({ packageKey, schedule }) => [packageKey, schedule]),
    removed.map(({ packageKey }) => packageKey),
  ]);

function nameOf({ added, removed }: Change): FirstEffect['why'] {
  if (removed.length === 0) return 'future-start';
  return added.length === 0 ? 'future-end' : 'future-change';
}
