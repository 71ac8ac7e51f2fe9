import { comparisons } from './condition';
import type { Condition } from './condition';
import type { Attributes } from '../events/event';

/** What is known of a worker while looking: a missing key is still open, `undefined` is a value that no rule names. */
type Guess = ReadonlyMap<string, string | undefined>;
type Search = { readonly domains: ReadonlyMap<string, readonly string[]>; budget: number };

const BUDGET = 20_000;

/**
 * Attributes of some worker for whom all the conditions hold, `none` if there can be no such worker, `undecided` if the
 * answer was not found within a bounded search. Every attribute is tried with each value that a condition names and with
 * one that none does, so `none` is a proof.
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
  const verdict = evaluate(condition, guess);
  if (verdict === true) return guess;
  if (verdict === false) return undefined;
  for (const value of [...(search.domains.get(verdict.open) ?? []), undefined]) {
    const found = extend(new Map([...guess, [verdict.open, value]]), condition, search);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the condition holds for every worker of whom the guess is true, for none, or hangs on an open attribute. */
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

/** `all` is decided by one false, `any` by one true: `decisive` is that value. */
function combine(conditions: Condition[], guess: Guess, decisive: boolean) {
  let result: boolean | { open: string } = !decisive;
  for (const inner of conditions) {
    const verdict = evaluate(inner, guess);
    if (verdict === decisive) return decisive;
    if (typeof verdict !== 'boolean' && typeof result === 'boolean') result = verdict;
  }
  return result;
}
