import {
  evaluateHeadroom,
  headroomOf,
  rosterStateOf,
  scopeOf,
  type Headroom,
  type ScopeReading,
} from '../../../shared/domain/reconcile/scope';

const reading = (more: Partial<ScopeReading>): ScopeReading => ({
  packageKey: 'finance',
  holders: 100,
  recorded: 100,
  shrinkPercent: 20,
  ...more,
});
const stateOf = (more: Partial<ScopeReading>) => {
  const { state, why } = scopeOf(reading(more));
  return why === undefined ? state : `${state}: ${why}`;
};

it.each<[string, Partial<ScopeReading>, string]>([
  ['a first reading of all pages', {}, 'complete'],
  ['a page that failed', { fault: 'page-failed' }, 'incomplete: page-failed'],
  ['a failed page of an empty list', { fault: 'forbidden', holders: 0 }, 'incomplete: forbidden'],
  ['an empty list while we know holdings', { holders: 0, recorded: 1 }, 'suspect: empty'],
  ['an empty list of a package that nobody has', { holders: 0, recorded: 0 }, 'complete'],
  ['a fifth fewer than before', { holders: 80, holdersBefore: 100 }, 'complete'],
  ['more than a fifth fewer', { holders: 79, holdersBefore: 100 }, 'suspect: shrunk'],
  ['a third of before', { holders: 33, holdersBefore: 100 }, 'suspect: shrunk'],
  [
    'fewer, because we removed them',
    { holders: 50, holdersBefore: 100, removedByUs: 45 },
    'complete',
  ],
  [
    'fewer than we removed',
    { holders: 30, holdersBefore: 100, removedByUs: 45 },
    'suspect: shrunk',
  ],
  [
    'a list that somebody has seen to be true',
    { holders: 33, holdersBefore: 100, isAccepted: true },
    'complete',
  ],
  [
    'a failed page of a list that somebody accepts',
    { fault: 'page-failed', isAccepted: true },
    'incomplete: page-failed',
  ],
  ['more than before', { holders: 300, holdersBefore: 100 }, 'complete'],
])('%s makes the scope what it should be', (_, more, expected) => {
  expect(stateOf(more)).toBe(expected);
});

it.each<[string, { workers: number; before?: number }, string]>([
  ['a first roster', { workers: 100 }, 'complete'],
  ['a roster with 5 % fewer workers', { workers: 95, before: 100 }, 'complete'],
  ['a roster with more than 5 % fewer', { workers: 94, before: 100 }, 'incomplete: shrunk'],
  ['half a roster', { workers: 50, before: 100 }, 'incomplete: shrunk'],
  ['a longer roster', { workers: 200, before: 100 }, 'complete'],
  ['a first roster without workers', { workers: 0 }, 'incomplete: empty'],
])('%s is complete or not', (_, reading, expected) => {
  const { state, why } = rosterStateOf({ ...reading, shrinkPercent: 5 });
  expect(why === undefined ? state : `${state}: ${why}`).toBe(expected);
});

const limit = (used: number): Headroom => ({ what: 'requests', used, limit: 200_000 });

it('of a limit whose list was not read nothing is said, nor of all assignments by a run for one package', () => {
  const limits = { packages: 10, policies: 10, assignments: 10, requests: 10 };
  const lists = [
    { kind: 'packages', state: 'complete', holders: 4 },
    { kind: 'package', state: 'complete', holders: 3 },
  ];
  const told = (packageKey?: string) =>
    headroomOf(lists, limits, { packageKey }).map(({ what, used }) => `${what} ${used}`);
  expect(told()).toEqual(['packages 4', 'assignments 3']);
  expect(told('sales')).toEqual(['packages 4']);
});

it('a limit of Entra is short from 80 %, and used up at 100 %', () => {
  expect(evaluateHeadroom([limit(159_999)])).toEqual({ short: [], isUsedUp: false });
  expect(evaluateHeadroom([limit(160_000)])).toEqual({ short: [limit(160_000)], isUsedUp: false });
  expect(evaluateHeadroom([limit(200_000)])).toMatchObject({ isUsedUp: true });
});
