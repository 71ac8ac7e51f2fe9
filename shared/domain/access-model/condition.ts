import { z } from 'zod';
import type { Attributes } from '../events/event';

const FORMS =
  'exactly one of {attribute, equals}, {attribute, in: [...]}, {all: [...]}, {any: [...]}, {not: {...}}';

const attribute = z.string().min(1).max(64);
const value = z.string().max(256);

const Equals = z.strictObject({ attribute, equals: value });
const In = z.strictObject({ attribute, in: z.array(value).min(1) });

export type Condition =
  | z.infer<typeof Equals>
  | z.infer<typeof In>
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

/** A condition on the attributes of a worker. Comparison is exact: case, spaces and accents count. */
export const Condition: z.ZodType<Condition> = z
  .union(
    [
      Equals,
      In,
      z.strictObject({ all: z.array(z.lazy(() => Condition)).min(1) }),
      z.strictObject({ any: z.array(z.lazy(() => Condition)).min(1) }),
      z.strictObject({ not: z.lazy(() => Condition) }),
    ],
    { error: FORMS },
  )
  .meta({ id: 'Condition' });

/** Whether the attributes meet the condition. An absent attribute equals no value. */
export function matches(condition: Condition, attributes: Attributes): boolean {
  if ('all' in condition) return condition.all.every((inner) => matches(inner, attributes));
  if ('any' in condition) return condition.any.some((inner) => matches(inner, attributes));
  if ('not' in condition) return !matches(condition.not, attributes);
  const name = condition.attribute;
  const actual = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  return actual !== undefined && valuesOf(condition).includes(actual);
}

/** Every comparison in the condition, at any depth. */
export function comparisons(condition: Condition): { attribute: string; values: string[] }[] {
  if ('all' in condition) return condition.all.flatMap(comparisons);
  if ('any' in condition) return condition.any.flatMap(comparisons);
  if ('not' in condition) return comparisons(condition.not);
  return [{ attribute: condition.attribute, values: valuesOf(condition) }];
}

const valuesOf = (condition: z.infer<typeof Equals> | z.infer<typeof In>): string[] =>
  'equals' in condition ? [condition.equals] : condition.in;

/**
 * The first attribute without which nobody can say whether the condition is met: `isUnknown` names attributes that the
 * worker has and whose value is not in `attributes`. Undefined if the others decide.
 */
export function undecidedBy(
  condition: Condition,
  attributes: Attributes,
  isUnknown: (name: string) => boolean,
): string | undefined {
  const names = comparisons(condition).map(({ attribute }) => attribute);
  const known = names.filter((name) => Object.hasOwn(attributes, name) || !isUnknown(name));
  const result = evaluate(
    condition,
    new Map(
      known.map((name) => [name, Object.hasOwn(attributes, name) ? attributes[name] : undefined]),
    ),
  );
  return typeof result === 'boolean' ? undefined : result.open;
}

/** The attributes tried so far: a missing key is not tried yet, `undefined` is a value that no condition names. */
type Guess = ReadonlyMap<string, string | undefined>;
type Search = { readonly domains: ReadonlyMap<string, readonly string[]>; budget: number };

const BUDGET = 20_000;

/**
 * Attributes that satisfy all the conditions, `none` if no attributes do, `undecided` if a bounded search found no answer.
 * Every attribute is tried with each value that a condition names and with one that no condition names, so `none` is a
 * proof.
 */
export function satisfyingExample(
  conditions: readonly Condition[],
): Attributes | 'none' | 'undecided' {
  const domains = new Map<string, string[]>();
  for (const { attribute, values } of conditions.flatMap(comparisons)) {
    domains.set(attribute, [...new Set([...(domains.get(attribute) ?? []), ...values])]);
  }
  const search = { domains, budget: BUDGET };
  const found = extend(new Map(), { all: [...conditions] }, search);
  if (found === undefined) return search.budget > 0 ? 'none' : 'undecided';
  return Object.fromEntries(
    [...found].filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function extend(guess: Guess, condition: Condition, search: Search): Guess | undefined {
  if (search.budget <= 0) return undefined;
  search.budget -= 1;
  const result = evaluate(condition, guess);
  if (result === true) return guess;
  if (result === false) return undefined;
  for (const value of [...(search.domains.get(result.open) ?? []), undefined]) {
    const found = extend(new Map([...guess, [result.open, value]]), condition, search);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the condition is met by all attributes that extend the guess, by none, or depends on an open attribute. */
function evaluate(condition: Condition, guess: Guess): boolean | { open: string } {
  if ('all' in condition) return combine(condition.all, guess, false);
  if ('any' in condition) return combine(condition.any, guess, true);
  if ('not' in condition) {
    const inner = evaluate(condition.not, guess);
    return typeof inner === 'boolean' ? !inner : inner;
  }
  const { attribute } = condition;
  if (!guess.has(attribute)) return { open: attribute };
  const value = guess.get(attribute);
  if (value === undefined) return false;
  return 'equals' in condition ? condition.equals === value : condition.in.includes(value);
}

/** One false decides `all`, one true decides `any`: `decisive` is that value. */
function combine(conditions: Condition[], guess: Guess, decisive: boolean) {
  let result: boolean | { open: string } = !decisive;
  for (const inner of conditions) {
    const next = evaluate(inner, guess);
    if (next === decisive) return decisive;
    if (typeof next !== 'boolean' && typeof result === 'boolean') result = next;
  }
  return result;
}
