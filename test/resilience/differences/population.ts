import { AccessModel } from '../../../shared/domain/access-model/access-model';
import { objectId } from '../reconciliation';
import { modelOf, workerId } from '../model';
import { seeded, type Random } from '../../support/seeded';

// People, what each should have and what differs, drawn from a seed. It knows nothing of how the product compares.

export type Size = { people: number; packages: number; differences: number; seed: number };

/** What is planted; some kinds of findings have several causes. */
export const causes = [
  'unknown-account',
  'other-account',
  'conflict-theirs',
  'conflict-ours',
  'stuck',
  'broken',
  'taken',
  'wrong-end',
  'missing',
  'extra-ours',
  'theirs',
  'by-rule',
  'roster-only',
  'absent-from-roster',
] as const;
export type Cause = (typeof causes)[number];

/**
 * One difference of a person by number. `other`: the number of an account of which no event has spoken. `department`: of
 * somebody of whom the roster alone speaks. `packageKey` is empty where it is about all that a person has.
 */
export type Planted = {
  cause: Cause;
  n: number;
  packageKey: string;
  other?: number;
  department?: string;
  isExcluded: boolean;
};

export type Population = {
  model: object;
  /** The departments of all people, by number; the first two make the packages. */
  departments: string[];
  /** The packages that the model gives a department. */
  given: ReadonlyMap<string, readonly string[]>;
  planted: Planted[];
  /** Packages that are changed in Entra. */
  drifted: string[];
  /** People in the directory: those of whom no event speaks come after all others. */
  accounts: number;
  /** Whether the model lets a finding about a package be repaired. */
  isRepaired: (packageKey: string) => boolean;
  excluded: string[];
};

export const FOUNDERS = 2;
const departmentAt = (at: number): string => `Department ${at}`;
const kinds = ['missing', 'taken', 'wrong-end', 'extra-ours', 'broken', 'conflict'] as const;
const remedies = (remedy: 'report' | 'repair') =>
  Object.fromEntries(kinds.map((kind) => [kind, remedy]));

/** The first two packages do not go together. Every third package is only reported on, and so are those that drift. */
export function drawPopulation({ people, packages, differences, seed }: Size): Population {
  const random = seeded(seed);
  const keys = Array.from({ length: packages }, (_, at) => `p${String(at).padStart(2, '0')}`);
  const [left = '', right = ''] = keys;
  const drifted = keys.slice(-Math.ceil(packages / 10));
  const isRepaired = (key: string): boolean =>
    keys.indexOf(key) % 3 !== 2 && !drifted.includes(key);
  const given = new Map<string, readonly string[]>([
    ['Founders', keys.filter((key) => key !== right)],
    ['Founder', [right]],
    ...keys.map((key, at): [string, string[]] => [
      departmentAt(at),
      [key, keys[(at + 2) % packages] ?? ''],
    ]),
  ]);
  const departments = Array.from({ length: people }, (_, n) =>
    n < FOUNDERS
      ? (['Founders', 'Founder'][n] ?? '')
      : departmentAt(random.between(0, packages - 1)),
  );
  const sketch = modelOf(
    keys.map((key) => ({
      ...{ key, catalog: 'catalog' },
      ...(key === left && { incompatibleWith: [right] }),
    })),
    [...given].map(([department, of], at) => ({
      ...{ id: `rule-${at}`, department, packages: [...of] },
    })),
  ) as { accessPackages: { key: string }[] };
  const model = {
    ...sketch,
    leadDays: 0,
    reconcile: remedies('repair'),
    accessPackages: sketch.accessPackages.map((one) =>
      isRepaired(one.key) ? one : { ...one, reconcile: remedies('report') },
    ),
  };
  const planted = draw({ keys, given, departments, random }, differences - drifted.length);
  return {
    ...{ model, departments, given, planted, drifted, isRepaired },
    accounts: people + planted.length,
    excluded: planted.filter((one) => one.isExcluded).map(({ n }) => workerId(n)),
  };
}

type Drawing = {
  keys: string[];
  given: ReadonlyMap<string, readonly string[]>;
  departments: string[];
  random: Random;
};

/** One difference for each of so many people, of all causes in turn; each tenth person is on the list of exclusions. */
function draw({ keys, given, departments, random }: Drawing, count: number): Planted[] {
  const [left = '', right = ''] = keys;
  const wantsOf = (n: number): readonly string[] => given.get(departments[n] ?? '') ?? [];
  const free = random.shuffle(departments.map((_, n) => n).slice(FOUNDERS));
  const takeOne = (fits: (n: number) => boolean): number => {
    const at = free.findIndex(fits);
    if (at < 0) throw new Error('too few people for so many differences');
    return free.splice(at, 1)[0] ?? 0;
  };
  return Array.from({ length: count }, (_, at): Planted => {
    const cause = causes[at % causes.length] ?? 'missing';
    const isExcluded = random.next() < 0.1;
    const other = departments.length + at;
    if (cause === 'unknown-account') {
      const packageKey = keys[random.between(0, keys.length - 1)] ?? '';
      return { cause, n: other, packageKey, other, isExcluded: false };
    }
    if (cause === 'roster-only') {
      const department = departmentAt(random.between(0, keys.length - 1));
      return { cause, n: other, packageKey: '', department, isExcluded };
    }
    if (cause === 'absent-from-roster')
      return { cause, n: takeOne(() => true), packageKey: '', isExcluded };
    if (cause === 'conflict-theirs' || cause === 'conflict-ours') {
      const n = takeOne((one) => wantsOf(one).includes(left));
      return { cause, n, packageKey: right, isExcluded };
    }
    const isLess = !['extra-ours', 'theirs', 'other-account'].includes(cause);
    const n = takeOne(() => true);
    const wants = wantsOf(n);
    // What does not go together would be a conflict.
    const choices = isLess
      ? wants
      : keys.filter((key) => !wants.includes(key) && key !== left && key !== right);
    const packageKey = choices[random.between(0, choices.length - 1)] ?? '';
    return { cause, n, packageKey, isExcluded, ...(cause === 'other-account' && { other }) };
  });
}

/** Everybody whom an event or the roster names, by number, and their department. */
export const everybody = ({
  departments,
  planted,
}: Population): [n: number, department: string][] => [
  ...departments.entries(),
  ...planted.flatMap(({ n, department }): [number, string][] =>
    department === undefined ? [] : [[n, department]],
  ),
];

/** What the first run has to name, as `reconciliationOf(...).reconcile` names it, and what is left to the second. */
export function expectedOf(population: Population): { first: string[]; second: string[] } {
  const { planted, drifted } = population;
  const first = planted.flatMap((one) => namesOf(population, one));
  first.push(...drifted.map((key) => `package-drift ${key} report`));
  // The first run has made facts of what only the roster said.
  const isLeft = (named: string): boolean => / report$/.test(named) && !/^roster-only /.test(named);
  return { first: first.sort(), second: first.filter(isLeft).sort() };
}

function namesOf(
  { given, isRepaired }: Population,
  { cause, n, packageKey, department, isExcluded }: Planted,
): string[] {
  const [kind, isRepairable] = FINDINGS[cause];
  const remedyOf = (key: string): string => (isRepaired(key) && !isExcluded ? 'repair' : 'report');
  const who = cause === 'unknown-account' ? objectId(n) : workerId(n);
  const remedy = isRepairable ? remedyOf(packageKey) : 'report';
  const missing = (department === undefined ? [] : given.get(department)) ?? [];
  return [
    [kind, who, packageKey, remedy].filter(Boolean).join(' '),
    ...missing.map((key) => `missing ${who} ${key} ${remedyOf(key)}`),
  ];
}

const FINDINGS: Record<Cause, readonly [kind: string, isRepairable: boolean]> = {
  'unknown-account': ['unknown-person', false],
  'other-account': ['unknown-person', false],
  'conflict-theirs': ['conflict', false],
  'conflict-ours': ['conflict', true],
  stuck: ['stuck', false],
  broken: ['broken', true],
  taken: ['taken', true],
  'wrong-end': ['wrong-end', true],
  missing: ['missing', true],
  'extra-ours': ['extra-ours', true],
  theirs: ['theirs', false],
  'by-rule': ['by-rule', false],
  'roster-only': ['roster-only', false],
  'absent-from-roster': ['absent-from-roster', false],
};

export const parsedModel = ({ model }: Population): AccessModel => AccessModel.parse(model);
