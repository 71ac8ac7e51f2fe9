/** The groups of a generated tenant; packages give membership in them. */
const groups = ['one', 'two'].map((name, at) => ({
  id: `10000000-0000-4000-8000-00000000000${at + 1}`,
  displayName: `grp-${name}`,
}));

const FIRST_WORKER = 100_001;

export const workerId = (n: number): string => `W-${FIRST_WORKER + n}`;

/** A tenant of `size` people that only Joinery changes. */
export const tenantOf = (size: number): object => ({
  workers: [{ from: workerId(0), to: workerId(size - 1) }],
  groups,
});

export type PackageSketch = {
  key: string;
  catalog: string;
  incompatibleWith?: string[];
  overlapDays?: number;
};
export type RuleSketch = { id: string; department: string; packages: string[] };

/** An access model whose packages give both groups and whose rules read the department. */
export function modelOf(packages: readonly PackageSketch[], rules: readonly RuleSketch[]): object {
  const catalogs = [...new Set(packages.map(({ catalog }) => catalog))];
  return {
    version: 1,
    leadDays: 14,
    timeZones: { default: 'Etc/UTC', byLocation: {} },
    catalogs: catalogs.map((key) => ({ key, displayName: `Catalog ${key}`, description: key })),
    accessPackages: packages.map((sketch) => ({
      ...sketch,
      displayName: `Package ${sketch.key}`,
      description: sketch.key,
      resources: groups.map(({ id }) => ({
        originSystem: 'AadGroup',
        originId: id,
        role: 'Member',
      })),
      policy: {
        displayName: 'Birthright',
        description: 'Assigned on joining.',
        expiration: { type: 'noExpiration' },
        approval: { required: false },
      },
    })),
    birthrights: rules.map(({ id, department, packages: keys }) => ({
      id,
      description: id,
      when: { attribute: 'department', equals: department },
      packages: keys,
    })),
  };
}
