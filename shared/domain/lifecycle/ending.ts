import type { AccessModel } from '../access-model/access-model';
import { nearestRule } from '../access-model/nearest-rule';
import type { Attributes } from '../events/event';
import type { Content, Fact } from './facts';
import { birthrightsFor } from './plan';
import { startOfDay, type Timeline } from './timeline';
import type { Interval, Want } from './wants';

type Situation = {
  fact: Fact;
  timeline: Timeline;
  intervals: Interval[];
  wants: Want[];
  model: AccessModel;
  at: number;
};

/** How an event ends whose steps had nothing to do. */
export type UntouchedEnding = {
  outcome: 'superseded' | 'rescinded' | 'revoked' | 'no-matching-rule' | 'needs-attention';
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
  // Nothing wakes a run on a later day yet, so a person has to replay the event then.
  if (isLater(situation, content)) return { outcome: 'needs-attention', reason: 'not-yet' };
  if (content.kind === 'left' || content.kind === 'rescinded') return { outcome: 'revoked' };
  if (wants.length > 0) return undefined;
  const attributes = attributesOf(content);
  // A rule matches, and the employment is over.
  if (birthrightsFor(model, attributes).length > 0) return { outcome: 'revoked' };
  return { outcome: 'no-matching-rule', reason: nearestRule(model, attributes).ruleId };
}

/** Whether what the fact states begins, or ends, only later. */
function isLater(
  { fact, timeline, intervals, model, at }: Situation,
  content: Content | { kind: 'rescinded' },
): boolean {
  if (content.kind === 'rescinded') return false;
  if (content.kind === 'left') {
    if ('endsAt' in content) return Date.parse(content.endsAt) > at;
    const zone = timeline.spans.at(-1)?.zone ?? model.timeZones.default;
    return startOfDay(content.lastDay, fact.timeZone ?? zone, 1) > at;
  }
  const given = intervals.filter(({ facts }) => facts.includes(fact));
  return given.length > 0 && given.every(({ from }) => from > at);
}

const attributesOf = (content: Exclude<Content, { kind: 'left' }>): Attributes =>
  content.kind === 'snapshot' ? (content.spans.at(-1)?.attributes ?? {}) : content.attributes;
