import { AccessPackage, AssignmentPolicy, Catalog } from '../../../shared/graph/answers';
import { diffPackage } from '../../../shared/packages/diff';
import type { PackageRecords, PackageSnapshot } from '../../../shared/packages/inspect';
import { actOf, codeOf } from '../../../shared/packages/items';
import { changesOf } from '../../../shared/packages/plan';
import {
  group,
  ledger,
  modelOf,
  payments,
  targetOf,
} from '../../integration/packages/ensure-harness';
import type { Policy } from '../../../shared/domain/access-model/access-model';
import { catalogDifferences, policyDifferences } from '../../../shared/packages/compare';

const resources = ledger.resources.slice(0, 1);
const model = modelOf({ ...ledger, resources }, payments);
const target = targetOf(model, 'ledger');
const { catalog } = target;

const resource = { id: 'r-1', originId: group(1), originSystem: 'AadGroup', roles: [], scopes: [] };
const member = { id: 'role-1', originId: `Member_${group(1)}` };
const role = { resource, role: member, scope: undefined };
const found = {
  ...AccessPackage.parse({ ...ledger, id: 'p-1', isHidden: true, catalog: { id: 'c-1' } }),
  roleScopes: [{ role: member.originId, scope: group(1) }],
  graphRequestId: 'trace',
};

/** Everything as the model says. */
const equal: PackageSnapshot = {
  catalogs: [Catalog.parse({ ...catalog, id: 'c-1', state: 'published' })],
  resources: [{ resource: resources[0] as never, found: [resource], roles: [role] }],
  packages: [found],
  policies: [
    AssignmentPolicy.parse({
      ...{ id: 'policy-1', displayName: 'Birthright', description: 'Assigned by rule' },
      expiration: { type: 'afterDuration', duration: 'P365D' },
    }),
  ],
  pairs: [
    {
      ...{ key: 'payments', isOtherOurs: true },
      exclusions: [
        { from: 'p-1', to: { id: 'p-2' }, exists: true },
        { from: 'p-2', to: { id: 'p-1' }, exists: true },
      ],
    },
  ],
};

const at = '2026-11-20T09:30:02.000Z';
const seen = { state: 'seen', at, absentReads: 0 } as const;
const written = [
  'catalog',
  'package',
  'policy',
  `resource:${group(1)}`,
  'incompatible:payments:back',
];
const records: PackageRecords = {
  ...{ isSurvey: false, peer: () => Promise.resolve(undefined) },
  writeOf: (name) => (written.includes(name) ? seen : undefined),
  catalog: { catalogId: 'c-1', writes: { catalog: seen } },
  package: {
    ...{ state: 'complete', version: 'v', adopted: false },
    ...{ catalogId: 'c-1', accessPackageId: 'p-1', assignmentPolicyId: 'policy-1' },
    writes: { package: seen, policy: seen },
  },
};
const nothingKnown: PackageRecords = {
  ...records,
  ...{ catalog: undefined, package: undefined, writeOf: () => undefined },
};

const codesOf = (members: Partial<PackageSnapshot>, known = nothingKnown) =>
  diffPackage(target, { ...equal, ...members }, known).flatMap(({ part, difference }) =>
    difference ? [codeOf(part, difference)] : [],
  );

test('a package that is as the model says has no differences', () => {
  expect(codesOf({})).toEqual([]);
  expect(codesOf({}, records)).toEqual([]);
});

const [pair] = equal.pairs;
const exclusions = (pair?.exclusions as { exists: boolean }[] | undefined)?.map((one) => ({
  ...one,
  exists: false,
}));
const unpaired = { pairs: [{ ...pair, exclusions }] } as unknown as PackageSnapshot;
test.each<[string, Partial<PackageSnapshot>, string[], string[]]>([
  ['two catalogs', { catalogs: [...equal.catalogs, ...equal.catalogs] }, ['catalog-ambiguous'], []],
  ['no catalog', { catalogs: [] }, ['catalog-missing'], ['catalog-gone']],
  [
    'an unpublished catalog',
    { catalogs: equal.catalogs.map((one) => ({ ...one, published: false })) },
    ['drift:catalog.state'],
    ['drift:catalog.state'],
  ],
  ['another package of its name', { packages: [{ ...found, id: 'p-9' }] }, [], ['package-gone']],
  [
    'another policy of its name',
    { policies: equal.policies.map((one) => ({ ...one, id: 'policy-9' })) },
    [],
    ['policy-gone'],
  ],
  ['no policy', { policies: [] }, ['policy-missing'], ['policy-gone']],
  [
    'a role more',
    { packages: [{ ...found, roleScopes: [...found.roleScopes, { role: 'Owner', scope: 'x' }] }] },
    ['drift:package.resourceRoleScopes'],
    ['drift:package.resourceRoleScopes'],
  ],
  [
    'a role less',
    { packages: [{ ...found, roleScopes: [] }] },
    ['role-scope-missing'],
    ['role-scope-missing'],
  ],
  [
    'no exclusions',
    unpaired,
    ['incompatible-missing', 'incompatible-missing'],
    ['incompatible-missing', 'incompatible-gone'],
  ],
])('%s has its code, also where our rows know better', (_, members, unknown, known) => {
  const codes = (rows: PackageRecords) =>
    codesOf(members, rows).filter((code) => unknown.includes(code) || known.includes(code));
  expect(codes(nothingKnown)).toEqual(unknown);
  if (known.length > 0) expect(codes(records)).toEqual(known);
});

test('a resource without the role stops before the package', () => {
  const resources = equal.resources.map((one) => ({ ...one, roles: [] }));
  const [first] = codesOf({ resources, packages: [] });
  expect(first).toBe('resource-role-missing');
  const both = equal.resources.map((one) => ({ ...one, roles: [role, role] }));
  expect(codesOf({ resources: both })[0]).toBe('resource-role-ambiguous');
});

test('a resource with two roles is one item', () => {
  const owner = { ...role, role: { id: 'role-2', originId: `Owner_${group(1)}` } };
  const resources = [
    ...equal.resources,
    ...equal.resources.map((one) => ({ ...one, roles: [owner] })),
  ];
  const items = diffPackage(target, { ...equal, resources }, nothingKnown);
  expect(items.filter(({ part }) => part === 'resource')).toHaveLength(1);
  expect(items.filter(({ part }) => part === 'role')).toHaveLength(2);
});

test('what the model names by an id that does not exist has the code of its kind, and is left to a person', () => {
  const named = { ...ledger, policy: undefined, resources, adoptId: group(7), policyId: group(8) };
  const byId = targetOf(modelOf(named), 'ledger');
  const items = diffPackage(byId, { ...equal, packages: [], policies: [] }, records);
  const unknown = items.filter(({ difference }) => difference?.kind === 'unknown-id');
  expect(unknown.map(({ part, difference }) => difference && codeOf(part, difference))).toEqual([
    'package-gone',
    'policy-missing',
  ]);
  expect(unknown.map(actOf)).toEqual(['refuse', 'refuse']);
});

describe('the plan', () => {
  const planOf = (members: Partial<PackageSnapshot>, ...selected: string[]) =>
    changesOf(
      {
        ...{ key: 'ledger', isProvisioning: false },
        items: diffPackage(target, { ...equal, ...members }, nothingKnown),
      },
      new Set(selected),
    )
      .filter(({ act }) => act !== 'nothing')
      .map(({ act, part }) => `${act} ${part}`);

  test('shows the two directions of a pair as one change', () => {
    expect(planOf(unpaired)).toEqual(['create incompatible']);
    const [there, back] = exclusions ?? [];
    const half = [{ ...pair, exclusions: [{ ...there, exists: true }, back] }];
    expect(planOf({ pairs: half } as unknown as PackageSnapshot)).toEqual(['create incompatible']);
  });

  test('shows a pair whose other package does not exist only if that is created too', () => {
    const pairs = [{ key: 'payments', isOtherOurs: false, exclusions: undefined }];
    expect(planOf({ pairs })).toEqual([]);
    expect(planOf({ pairs }, 'payments')).toEqual(['create incompatible']);
  });

  test('refuses a package in another catalog and a policy with a rule of its own', () => {
    expect(planOf({ packages: [{ ...found, catalogId: 'c-9' }] })).toEqual(['refuse package']);
    const policies = equal.policies.map((one) => ({ ...one, automatic: true, description: '' }));
    expect(planOf({ policies })).toEqual(['refuse policy']);
  });
});

const user = '20000000-0000-4000-8000-000000001001';
const groupId = '10000000-0000-4000-8000-000000000007';

const wanted: Policy = {
  displayName: 'Approved',
  description: 'Somebody agrees',
  expiration: { type: 'afterDateTime', endDateTime: '2027-05-31T00:00:00Z' },
  approval: {
    required: true,
    stages: [
      {
        durationBeforeAutomaticDenial: 'P14D',
        primaryApprovers: [{ userId: user }, { groupId }],
      },
      { durationBeforeAutomaticDenial: 'P7D', primaryApprovers: [{ managerLevel: 1 }] },
    ],
  },
};

/** As Graph shows the policy: other spellings of one time, members that nobody asked for, approvers in any order. */
const shown = {
  id: 'p-1',
  displayName: 'Approved',
  description: 'Somebody agrees',
  allowedTargetScope: 'notSpecified',
  expiration: { type: 'afterDateTime', duration: null, endDateTime: '2027-05-31T02:00:00+02:00' },
  requestApprovalSettings: {
    isApprovalRequiredForAdd: true,
    isApprovalRequiredForUpdate: false,
    stages: [
      {
        durationBeforeAutomaticDenial: 'P14D',
        isEscalationEnabled: false,
        primaryApprovers: [
          { '@odata.type': '#microsoft.graph.groupMembers', groupId, description: 'Money' },
          { '@odata.type': '#microsoft.graph.singleUser', userId: user },
        ],
      },
      {
        durationBeforeAutomaticDenial: 'P7D',
        primaryApprovers: [{ '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 1 }],
      },
    ],
  },
};

const differences = (changes: object) =>
  policyDifferences(wanted, AssignmentPolicy.parse({ ...shown, ...changes }));

test('a policy that says the same in other words has no differences', () => {
  expect(differences({})).toEqual([]);
});

const { requestApprovalSettings: approval } = shown;
test.each([
  ['another end', { expiration: { ...shown.expiration, endDateTime: '2027-06-01T00:00:00Z' } }],
  ['no end', { expiration: { type: 'noExpiration' } }],
  ['nothing said of its end', { expiration: null }],
])('a policy with %s differs in its expiration', (_, change) => {
  expect(differences(change)).toEqual(['policy.expiration']);
});

test.each([
  ['without approval', { ...approval, isApprovalRequiredForAdd: false }],
  ['with a stage less', { ...approval, stages: approval.stages.slice(0, 1) }],
  ['with its stages in another order', { ...approval, stages: [...approval.stages].reverse() }],
  ['without settings', null],
])('a policy %s differs in its approval', (_, requestApprovalSettings) => {
  expect(differences({ requestApprovalSettings })).toEqual(['policy.approval']);
});

test('a catalog that is not published differs in its state', () => {
  const catalog = { key: 'finance', displayName: 'Finance', description: 'Money' };
  const found = { id: 'c-1', displayName: 'Finance', description: 'Money', published: false };
  expect(catalogDifferences(catalog, found)).toEqual(['catalog.state']);
});
