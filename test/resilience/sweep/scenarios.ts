import { joinerMessage, lifecycleEvent, messageOf, type TestMessage } from '../../support/events';
import { modelOf, workerId, type PackageSketch, type RuleSketch } from '../model';
import { reconciliation } from './reconciliation';
import type { Scenario } from './scenario';

const numbers = (size: number): number[] => Array.from({ length: size }, (_, n) => n);
/** Each event gives its person the same, by its number. */
const each = (keysOf: (n: number) => string[]) => (events: number) =>
  Object.fromEntries(numbers(events).map((n) => [workerId(n), keysOf(n)]));
const rule = (n: number, packages: string[]): RuleSketch => ({
  id: `rule-${n}`,
  department: `Department ${n}`,
  packages,
});

const joiner = (n: number, department = n): TestMessage =>
  joinerMessage(workerId(n), { department: `Department ${department}` });

/** Each package is new, in a catalog of its own, and incompatible with the one before it. */
const newPackage = {
  model: (size: number) =>
    modelOf(
      numbers(size).map((n): PackageSketch => ({
        key: `package-${n}`,
        catalog: `catalog-${n}`,
        incompatibleWith: n === 0 ? [] : [`package-${n - 1}`],
      })),
      numbers(size).map((n) => rule(n, [`package-${n}`])),
    ),
  event: joiner,
  outcome: 'delivered',
  held: each((n) => [`package-${n}`]),
};

const existingPackage = {
  model: () => modelOf([{ key: 'package', catalog: 'catalog' }], [rule(0, ['package'])]),
  event: (n: number) => joiner(n, 0),
  outcome: 'delivered',
  held: each(() => ['package']),
};

/** One package for everybody, and two new ones in its catalog. */
const severalPackages = {
  model: (size: number) => {
    const ofNumber = (n: number): string[] => [`first-${n}`, `second-${n}`];
    const keys = ['common', ...numbers(size).flatMap(ofNumber)];
    return modelOf(
      keys.map((key) => ({ key, catalog: 'catalog' })),
      numbers(size).map((n) => rule(n, ['common', ...ofNumber(n)])),
    );
  },
  event: joiner,
  outcome: 'delivered',
  held: each((n) => ['common', `first-${n}`, `second-${n}`]),
};

/** Two existing packages exclude each other, one in each department; a third one is for both. */
const twoDepartments = {
  model: () =>
    modelOf(
      [
        { key: 'old', catalog: 'catalog' },
        { key: 'new', catalog: 'catalog', incompatibleWith: ['old'] },
        { key: 'both', catalog: 'catalog' },
      ],
      [rule(0, ['old', 'both']), rule(1, ['new', 'both'])],
    ),
  before: (n: number) => [joiner(n, 0)],
};

const later = (type: string, n: number, data: Record<string, unknown>): TestMessage =>
  messageOf(
    lifecycleEvent(type, workerId(n), data, {
      ...{ id: `${workerId(n)}-${type}`, time: '2026-11-24T09:30:00Z' },
    }),
  );

/** One package is removed before the one that it excludes is requested. */
const mover = {
  ...twoDepartments,
  event: (n: number) =>
    later('moved', n, { effectiveDate: '2026-11-24', attributes: { department: 'Department 1' } }),
  outcome: 'delivered',
  held: each(() => ['both', 'new']),
};

const leaver = {
  ...twoDepartments,
  event: (n: number) => later('left', n, { lastDay: '2026-11-24' }),
  outcome: 'revoked',
  held: () => ({}),
};

export const scenarios: readonly Scenario[] = [
  { name: 'a new package', dialect: 'v1.0', ...newPackage },
  { name: 'an existing package', dialect: 'v1.0', ...existingPackage },
  { name: 'several packages', dialect: 'v1.0', ...severalPackages },
  { name: 'the draft dialect', dialect: 'draft', ...existingPackage },
  { name: 'a mover', dialect: 'v1.0', ...mover },
  { name: 'a leaver', dialect: 'v1.0', ...leaver },
  { name: 'a reconciliation', dialect: 'v1.0', ...reconciliation },
];
