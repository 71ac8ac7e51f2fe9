import type { Birthright } from './access-model';
import type { ModelDraft } from './model-draft';
import { satisfyingExample } from './satisfying-example';

/**
 * Rules that would give incompatible packages to one person. Graph would refuse the second one on somebody's first day,
 * so a model that can do this is refused. Rules too tangled to decide about in a bounded search are let through.
 */
export function lintSeparation(model: ModelDraft): string[] {
  return incompatiblePairs(model).flatMap((pair) => rulesGiving(model, pair).flatMap(conflict));
}

type Pair = readonly [string, string];
type Rule = { at: number; rule: Birthright };
type Clash = { pair: Pair; first: Rule; second: Rule };

function incompatiblePairs({ accessPackages }: ModelDraft): Pair[] {
  const pairs = accessPackages.flatMap((one): Pair[] =>
    one === undefined
      ? []
      : one.incompatibleWith
          .filter((other) => other !== one.key)
          .map((other) => (one.key < other ? [one.key, other] : [other, one.key])),
  );
  return [...new Map(pairs.map((pair) => [pair.join(' '), pair])).values()];
}

function rulesGiving({ birthrights }: ModelDraft, pair: Pair): Clash[] {
  const giving = (key: string): Rule[] =>
    birthrights.flatMap((rule, at) => (rule?.packages.includes(key) ? [{ at, rule }] : []));
  const [one, other] = pair;
  return giving(one).flatMap((first) =>
    giving(other).map((second): Clash => ({ pair, first, second })),
  );
}

function conflict({ pair: [one, other], first, second }: Clash): string[] {
  const packages = `the incompatible packages "${one}" and "${other}"`;
  if (first.at === second.at) {
    return [`birthrights[${first.at}].packages: gives ${packages}; take one out`];
  }
  const witness = satisfyingExample([first.rule.when, second.rule.when]);
  if (typeof witness === 'string') return [];
  const who = Object.keys(witness).length > 0 ? JSON.stringify(witness) : 'anybody';
  return [
    `birthrights[${first.at}].when: with birthrights[${second.at}] gives ${packages} to ${who}; ` +
      'make the conditions exclude each other',
  ];
}
