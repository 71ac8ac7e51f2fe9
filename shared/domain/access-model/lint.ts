import { z } from 'zod';
import { AccessPackage, Birthright, Catalog, foldedName, type AccessModel } from './access-model';
import { comparisons, satisfyingExample, type Condition } from './condition';

/**
 * Faults of a parsed model file that its schema cannot express. One line per fault: the place, the fault, the fix.
 */
export function lintModel(value: unknown): string[] {
  const model = draftOf(value);
  const { catalogs, accessPackages, birthrights } = model;
  return [
    ...repeats('catalogs', 'key', catalogs, (one) => one.key),
    ...repeats('catalogs', 'displayName', catalogs, (one) => foldedName(one.displayName)),
    ...repeats('accessPackages', 'key', accessPackages, (one) => one.key),
    ...repeats('accessPackages', 'adoptId', accessPackages, (one) => one.adoptId),
    ...repeats('accessPackages', 'policyId', accessPackages, (one) => one.policyId),
    // Names that differ only in spelling are one name, and packages are found by display name within a catalog.
    ...repeats('accessPackages', 'displayName', accessPackages, (one) =>
      JSON.stringify([one.catalog, foldedName(one.displayName)]),
    ),
    ...repeats('birthrights', 'id', birthrights, (one) => one.id),
    ...lintPackages(model),
    ...lintRules(model),
    ...lintSeparation(model),
  ];
}

/**
 * The items of a model that match the schema. The others are undefined at their index, so that one invalid item hides no
 * fault of the others.
 */
type ModelDraft = {
  catalogs: readonly (Catalog | undefined)[];
  accessPackages: readonly (AccessPackage | undefined)[];
  birthrights: readonly (Birthright | undefined)[];
  /** Keys as written, of invalid items too: a reference to an invalid item is not a second fault. */
  catalogKeys: ReadonlySet<string>;
  packageKeys: ReadonlySet<string>;
  /** The attributes that rules may read; undefined if the model declares none, and then they may read any. */
  attributes: ReadonlySet<string> | undefined;
};

const list = z.array(z.unknown()).catch([]);
const Outline = z.object({
  catalogs: list,
  accessPackages: list,
  birthrights: list,
  attributes: z.array(z.string()).optional().catch(undefined),
});
const Keyed = z.object({ key: z.string() });

function draftOf(value: unknown): ModelDraft {
  const outline: z.infer<typeof Outline> = Outline.safeParse(value).data ?? {
    catalogs: [],
    accessPackages: [],
    birthrights: [],
  };
  return {
    catalogs: outline.catalogs.map((item) => Catalog.safeParse(item).data),
    accessPackages: outline.accessPackages.map((item) => AccessPackage.safeParse(item).data),
    birthrights: outline.birthrights.map((item) => Birthright.safeParse(item).data),
    catalogKeys: keysIn(outline.catalogs),
    packageKeys: keysIn(outline.accessPackages),
    attributes: outline.attributes && new Set([...outline.attributes, 'location']),
  };
}

/** Whether the key exists. If no item has a key, only the list is reported. */
function refers(keys: ReadonlySet<string>, key: string): boolean {
  return keys.size === 0 || keys.has(key);
}

function keysIn(items: readonly unknown[]): Set<string> {
  return new Set(items.flatMap((item) => Keyed.safeParse(item).data?.key ?? []));
}

/** A fault for each item with the same `member`, as `read` gives it, as an earlier item of the list. */
function repeats<Item>(
  list: string,
  member: string,
  items: readonly (Item | undefined)[],
  read: (item: Item) => string | undefined,
): string[] {
  const first = new Map<string, number>();
  return items.flatMap((item, index) => {
    const value = item === undefined ? undefined : read(item);
    if (value === undefined) return [];
    const before = first.get(value);
    if (before === undefined) {
      first.set(value, index);
      return [];
    }
    return [`${list}[${index}].${member}: same as ${list}[${before}].${member}; give each its own`];
  });
}

/** Row keys of the packages table that are not packages. */
const RESERVED = new Set(['lease']);

/** Faults of each package and of its references. */
function lintPackages(model: ModelDraft): string[] {
  const isUnused = unusedPackages(model);
  return model.accessPackages.flatMap((one, index) =>
    one === undefined
      ? []
      : [...policyFaults(one), ...referenceFaults(one, model), ...useFaults(one, isUnused)].map(
          (fault) => `accessPackages[${index}]${fault}`,
        ),
  );
}

function policyFaults({ policy, policyId, adoptId }: AccessPackage): string[] {
  if (policy !== undefined && policyId !== undefined) {
    return ['.policyId: beside a policy; keep the one that is meant'];
  }
  if (policy === undefined && policyId === undefined) {
    return ['.policy: none; describe one, or name an existing one with policyId and adoptId'];
  }
  return policyId !== undefined && adoptId === undefined
    ? ['.adoptId: none; a policy that exists belongs to a package that exists, so name that too']
    : [];
}

function referenceFaults(one: AccessPackage, model: ModelDraft): string[] {
  const { key, catalog, resources, incompatibleWith } = one;
  return [
    ...(RESERVED.has(key) ? [`.key: "${key}" is reserved; choose another`] : []),
    ...(refers(model.catalogKeys, catalog)
      ? []
      : [`.catalog: there is no catalog "${catalog}"; add it or name another`]),
    ...repeats('resources', 'role', resources, (resource) => JSON.stringify(resource)).map(
      (fault) => `.${fault}`,
    ),
    ...incompatibleWith.flatMap((other, index) => {
      const place = `.incompatibleWith[${index}]`;
      if (other === key) return [`${place}: the package itself; remove it`];
      if (incompatibleWith.indexOf(other) < index) return [`${place}: named twice; remove one`];
      return refers(model.packageKeys, other)
        ? []
        : [`${place}: there is no package "${other}"; add it or remove the reference`];
    }),
  ];
}

/** The model may have as many packages and rules as Entra allows, so each list is read once. */
function unusedPackages({ accessPackages, birthrights }: ModelDraft): (key: string) => boolean {
  if (birthrights.includes(undefined) || accessPackages.includes(undefined)) return () => false;
  const used = new Set([
    ...birthrights.flatMap((rule) => rule?.packages ?? []),
    ...accessPackages.flatMap((one) => one?.incompatibleWith ?? []),
  ]);
  return (key) => !used.has(key);
}

function useFaults(
  { key, incompatibleWith }: AccessPackage,
  isUnused: (key: string) => boolean,
): string[] {
  return isUnused(key) && incompatibleWith.length === 0
    ? [': no rule gives it and no package is incompatible with it; give it or remove it']
    : [];
}

/** Faults of each birthright rule and of its references. */
function lintRules(model: ModelDraft): string[] {
  return model.birthrights.flatMap((rule, index) =>
    rule === undefined
      ? []
      : ruleFaults(rule, model).map((fault) => `birthrights[${index}]${fault}`),
  );
}

function ruleFaults({ when, packages }: Birthright, model: ModelDraft): string[] {
  const unreachable = satisfyingExample([when]) === 'none';
  return [
    ...(unreachable ? ['.when: condition can never match; fix or remove it'] : []),
    ...undeclared(when, model).map(
      (name) => `.when: reads "${name}", which attributes does not list; add it there`,
    ),
    ...packages.flatMap((key, index) => {
      if (packages.indexOf(key) < index) return [`.packages[${index}]: named twice; remove one`];
      return refers(model.packageKeys, key)
        ? []
        : [`.packages[${index}]: there is no package "${key}"; add it or remove the reference`];
    }),
  ];
}

function undeclared(when: Condition, { attributes }: ModelDraft): string[] {
  const read = new Set(comparisons(when).map(({ attribute }) => attribute));
  return attributes === undefined ? [] : [...read].filter((name) => !attributes.has(name));
}

/**
 * Rules that give incompatible packages to one person. Graph would refuse the second package at run time, so the model is
 * refused. Rules that a bounded search cannot decide are accepted.
 */
function lintSeparation(model: ModelDraft): string[] {
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
  const example = satisfyingExample([first.rule.when, second.rule.when]);
  if (typeof example === 'string') return [];
  const who = Object.keys(example).length > 0 ? JSON.stringify(example) : 'anybody';
  return [
    `birthrights[${first.at}].when: with birthrights[${second.at}] gives ${packages} to ${who}; ` +
      'make the conditions exclude each other',
  ];
}

/**
 * What the schema and Graph allow and what fails for some people all the same. One line each: the place, the problem, the
 * fix. A person may have no manager in the directory, and a manager may be away: nobody could then decide.
 */
export function adviceOn({ accessPackages }: AccessModel): string[] {
  return accessPackages.flatMap(({ policy }, index) => {
    const stages = policy?.approval.required === true ? policy.approval.stages : [];
    return stages.flatMap(({ primaryApprovers }, stage) =>
      primaryApprovers.every((approver) => 'managerLevel' in approver)
        ? [
            `accessPackages[${index}].policy.approval.stages[${stage}].primaryApprovers: only the manager decides; ` +
              'add a userId or groupId for people without one',
          ]
        : [],
    );
  });
}
