import { joinerMessage, lifecycleEvent, messageOf, type TestMessage } from '../../support/events';
import { modelOf, workerId, type PackageSketch, type RuleSketch } from '../model';

/** One kind of event. The event of each number is about another person and leads to the same calls. */
export type Scenario = {
  name: string;
  dialect: 'v1.0' | 'draft';
  /** The access model for the events of the numbers from 0 to `size` - 1. */
  model: (size: number) => object;
  /** What has ended before the event is sent. */
  before?: (n: number) => TestMessage;
  event: (n: number) => TestMessage;
  /** How the event closes, and the keys of the packages that its person holds then. */
  end: (n: number) => { outcome: string; held: string[] };
};

const numbers = (size: number): number[] => Array.from({ length: size }, (_, n) => n);
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
  end: (n: number) => ({ outcome: 'delivered', held: [`package-${n}`] }),
};

const existingPackage = {
  model: () => modelOf([{ key: 'package', catalog: 'catalog' }], [rule(0, ['package'])]),
  event: (n: number) => joiner(n, 0),
  end: () => ({ outcome: 'delivered', held: ['package'] }),
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
  end: (n: number) => ({
    outcome: 'delivered',
    held: ['common', `first-${n}`, `second-${n}`],
  }),
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
  before: (n: number) => joiner(n, 0),
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
  end: () => ({ outcome: 'delivered', held: ['both', 'new'] }),
};

const leaver = {
  ...twoDepartments,
  event: (n: number) => later('left', n, { lastDay: '2026-11-24' }),
  end: () => ({ outcome: 'revoked', held: [] }),
};

export const scenarios: readonly Scenario[] = [
  { name: 'a new package', dialect: 'v1.0', ...newPackage },
  { name: 'an existing package', dialect: 'v1.0', ...existingPackage },
  { name: 'several packages', dialect: 'v1.0', ...severalPackages },
  { name: 'the draft dialect', dialect: 'draft', ...existingPackage },
  { name: 'a mover', dialect: 'v1.0', ...mover },
  { name: 'a leaver', dialect: 'v1.0', ...leaver },
];
