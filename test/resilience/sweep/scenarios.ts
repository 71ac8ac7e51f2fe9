import { modelOf, type PackageSketch, type RuleSketch } from '../model';

/** One kind of event. The event of each number leads to the same calls. */
export type Scenario = {
  name: string;
  dialect: 'v1.0' | 'draft';
  /** The access model for the events of the numbers from 0 to `size` - 1. */
  model: (size: number) => object;
  department: (n: number) => string;
};

const numbers = (size: number): number[] => Array.from({ length: size }, (_, n) => n);
const rule = (n: number, packages: string[]): RuleSketch => ({
  id: `rule-${n}`,
  department: `Department ${n}`,
  packages,
});

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
  department: (n: number) => `Department ${n}`,
};

const existingPackage = {
  model: () => modelOf([{ key: 'package', catalog: 'catalog' }], [rule(0, ['package'])]),
  department: () => 'Department 0',
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
  department: (n: number) => `Department ${n}`,
};

export const scenarios: readonly Scenario[] = [
  { name: 'a new package', dialect: 'v1.0', ...newPackage },
  { name: 'an existing package', dialect: 'v1.0', ...existingPackage },
  { name: 'several packages', dialect: 'v1.0', ...severalPackages },
  { name: 'the draft dialect', dialect: 'draft', ...existingPackage },
];
