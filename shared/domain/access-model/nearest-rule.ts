import type { Attributes } from '../events/event';
import { folded } from '../events/match-attribute';
import type { AccessModel } from './access-model';
import { matches, type Condition } from './condition';

/** One attribute that keeps a rule from matching. It holds what the model says and nothing that the sender wrote. */
export type Difference = {
  attribute: string;
  /** The values that would match; with `unwanted`, those that must not occur. */
  values: string[];
  /** `spelling`: the value is one of those but for case, spaces or Unicode form; `name`: so is the attribute's name. */
  how: 'absent' | 'other' | 'spelling' | 'name' | 'unwanted';
};

export type NearestRule = { ruleId: string; differences: Difference[] };

/** The rule of which the largest share is met, the first of several. A misspelling is almost met. */
export function nearestRule({ birthrights }: AccessModel, attributes: Attributes): NearestRule {
  const each = birthrights.map(({ id, when }) => ({ id, ...gapOf(when, attributes) }));
  const [first, ...rest] = each;
  if (first === undefined) throw new Error('an access model has at least one rule');
  const { id, differences } = rest.reduce((best, one) => (isNearer(one, best) ? one : best), first);
  return { ruleId: id, differences };
}

/** What stands between attributes and a condition, of how many comparisons. */
type Gap = { differences: Difference[]; comparisons: number };

const MISSPELT = 0.1;

const weightOf = ({ differences }: Gap): number =>
  differences.reduce(
    (sum, { how }) => sum + (how === 'spelling' || how === 'name' ? MISSPELT : 1),
    0,
  );

/** How much of a condition is not met. An excluded value that does not occur is met, and counts as no comparison. */
const shareOf = (gap: Gap): number =>
  gap.differences.length === 0 ? 0 : weightOf(gap) / gap.comparisons;

function isNearer(one: Gap, other: Gap): boolean {
  const [share, otherShare] = [shareOf(one), shareOf(other)];
  return share === otherShare ? weightOf(one) < weightOf(other) : share < otherShare;
}

function gapOf(condition: Condition, attributes: Attributes, wanted = true): Gap {
  if ('not' in condition) return gapOf(condition.not, attributes, !wanted);
  const inner = 'all' in condition ? condition.all : 'any' in condition ? condition.any : undefined;
  if (inner) {
    const each = inner.map((one) => gapOf(one, attributes, wanted));
    // The opposite of `all` is met by one inner condition that is not, and the reverse.
    return 'all' in condition === wanted ? together(each) : nearest(each);
  }
  const isMet = matches(condition, attributes) === wanted;
  const differences = isMet ? [] : [differenceOf(condition as Comparison, attributes, wanted)];
  // That a value is not an excluded one says little: it holds for most events.
  return { differences, comparisons: wanted || !isMet ? 1 : 0 };
}

const together = (each: readonly Gap[]): Gap => ({
  differences: each.flatMap(({ differences }) => differences),
  comparisons: each.reduce((sum, { comparisons }) => sum + comparisons, 0),
});

const nearest = (each: readonly Gap[]): Gap =>
  each.reduce((best, one) => (isNearer(one, best) ? one : best));

type Comparison = Extract<Condition, { attribute: string }>;

function differenceOf(condition: Comparison, attributes: Attributes, wanted: boolean): Difference {
  const { attribute } = condition;
  const values = 'equals' in condition ? [condition.equals] : condition.in;
  if (!wanted) return { attribute, values, how: 'unwanted' };
  const actual = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
  if (actual !== undefined) {
    const meant = values.filter((value) => folded(value) === folded(actual));
    return meant.length > 0
      ? { attribute, values: meant, how: 'spelling' }
      : { attribute, values, how: 'other' };
  }
  const isNamed = Object.keys(attributes).some((name) => folded(name) === folded(attribute));
  return { attribute, values, how: isNamed ? 'name' : 'absent' };
}
