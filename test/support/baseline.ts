/**
 * People who were there before Joinery: a tenant in which administrators and an automatic policy have given access, the
 * access model that wants most of it, and the roster that names the people.
 */
export type Baseline = {
  tenant: object;
  model: object;
  /** CSV as a spreadsheet of a German office saves it. */
  roster: string;
  map: object;
  /** How many assignments there are of packages of the model, and what becomes of what is held or wanted. */
  held: number;
  access: Record<'adopt' | 'by-rule' | 'hand-off' | 'not-held', number>;
};

const FIRST = 100_001;
export const numberOf = (n: number): string => `W-${FIRST + n}`;
export const accountOf = (n: number): string =>
  `20000000-0000-4000-8000-${String(FIRST + n).padStart(12, '0')}`;

const DEPARTMENTS = ['Finance', 'Sales', 'Engineering', 'Support'] as const;
export const departmentOf = (n: number): string => DEPARTMENTS[n % DEPARTMENTS.length] ?? '';

const group = (n: number): string => `10000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const packageId = (n: number): string =>
  `70000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const catalogId = '71000000-0000-4000-8000-000000000001';

/** What administrators justify their assignments with in the simulator. */
export const BY_HAND = 'Granted by another administrator.';

const direct = {
  displayName: 'Direct',
  description: 'Assigned by an administrator.',
  expiration: { type: 'noExpiration' },
};

type Sketch = {
  key: string;
  wantedBy?: string[] | 'all';
  heldBy: (n: number) => boolean;
  byRule?: string;
};

/** `legacy` is not in the model; `phone` is given by the rule of an automatic policy. */
const sketchesOf = (size: number): Sketch[] => [
  { key: 'badge', wantedBy: 'all', heldBy: (n) => n % 10 !== 9 },
  { key: 'mail', wantedBy: 'all', heldBy: (n) => n < size * 0.475 },
  { key: 'books', wantedBy: ['Finance'], heldBy: (n) => n % 4 === 0 },
  { key: 'tools', wantedBy: ['Engineering'], heldBy: (n) => n % 4 === 2 },
  { key: 'desk', wantedBy: ['Support'], heldBy: (n) => n % 4 === 3 || n % 8 === 1 },
  { key: 'phone', wantedBy: ['Sales'], heldBy: () => false, byRule: 'Sales' },
  { key: 'legacy', heldBy: (n) => n % 20 === 0 },
];

/** The Graph id of a package, by its key. */
export const idOfPackage = (key: string): string =>
  packageId(sketchesOf(0).findIndex((one) => one.key === key) + 1);

export function baselineOf(size: number): Baseline {
  const everybody = Array.from({ length: size }, (_, n) => n);
  const sketches = sketchesOf(size);
  const isWanted = ({ wantedBy = [] }: Sketch, n: number): boolean =>
    wantedBy === 'all' || wantedBy.includes(departmentOf(n));
  const isByRule = ({ byRule }: Sketch, n: number): boolean => byRule === departmentOf(n);
  const inModel = sketches.filter(({ wantedBy }) => wantedBy !== undefined);
  const count = (holds: (sketch: Sketch, n: number) => boolean): number =>
    inModel.flatMap((sketch) => everybody.filter((n) => holds(sketch, n))).length;
  return {
    tenant: tenantOf(everybody, sketches),
    model: modelOf(inModel),
    roster: [
      'Personalnummer;Eintritt;Austritt;Abteilung;Telefon',
      ...everybody.map((n) => `${numberOf(n)};2020-01-01;;${departmentOf(n)};+49 30 ${n}`),
    ].join('\r\n'),
    map: {
      ...{ Personalnummer: 'workerId', Eintritt: 'from', Austritt: 'until' },
      ...{ Abteilung: 'attributes.department', Telefon: null },
    },
    held: count((sketch, n) => sketch.heldBy(n) || isByRule(sketch, n)),
    access: {
      adopt: count((sketch, n) => sketch.heldBy(n) && isWanted(sketch, n)),
      'by-rule': count(isByRule),
      'hand-off': count((sketch, n) => sketch.heldBy(n) && !isWanted(sketch, n)),
      'not-held': count(
        (sketch, n) => isWanted(sketch, n) && !sketch.heldBy(n) && !isByRule(sketch, n),
      ),
    },
  };
}

const nameOf = (key: string): string => `Package ${key}`;

function tenantOf(everybody: number[], sketches: Sketch[]): object {
  return {
    users: everybody.map((n) => ({
      employeeId: numberOf(n),
      attributes: { department: departmentOf(n) },
    })),
    groups: sketches.map(({ key }, at) => ({ id: group(at + 1), displayName: `grp-${key}` })),
    catalogs: [
      {
        ...{ id: catalogId, displayName: 'Everything', description: 'All that people have.' },
        resources: sketches.map((_, at) => ({ originSystem: 'AadGroup', originId: group(at + 1) })),
        accessPackages: sketches.map(({ key, heldBy, byRule }, at) => ({
          ...{ id: packageId(at + 1), displayName: nameOf(key), description: key },
          roles: [{ resource: group(at + 1), role: `Member_${group(at + 1)}` }],
          policies: [
            { id: packageId(100 + at), displayName: direct.displayName, members: direct },
            ...(byRule === undefined ? [] : [automatic(packageId(200 + at), byRule)]),
          ],
          heldBy: everybody.filter(heldBy).map(numberOf),
        })),
      },
    ],
  };
}

const automatic = (id: string, department: string) => ({
  ...{ id, displayName: 'Automatic' },
  members: {
    allowedTargetScope: 'specificDirectoryUsers',
    specificAllowedTargets: [
      {
        '@odata.type': '#microsoft.graph.attributeRuleMembers',
        membershipRule: `(user.department -eq "${department}")`,
      },
    ],
    automaticRequestSettings: {
      requestAccessForAllowedTargets: true,
      removeAccessWhenTargetLeavesAllowedTargets: true,
    },
  },
});

function modelOf(sketches: Sketch[]): object {
  return {
    ...{ version: 1, leadDays: 0, timeZones: { default: 'Etc/UTC', byLocation: {} } },
    catalogs: [
      { key: 'everything', displayName: 'Everything', description: 'All that people have.' },
    ],
    accessPackages: sketches.map(({ key }, at) => ({
      ...{ key, catalog: 'everything', displayName: nameOf(key), description: key },
      resources: [{ originSystem: 'AadGroup', originId: group(at + 1), role: 'Member' }],
      policy: { ...direct, approval: { required: false } },
    })),
    birthrights: sketches.map(({ key, wantedBy = [] }) => ({
      ...{ id: key, description: key, packages: [key] },
      when: {
        attribute: 'department',
        in: wantedBy === 'all' ? DEPARTMENTS : wantedBy,
      },
    })),
  };
}
