import { readAccessModel } from '../../../shared/domain/access-model/read-access-model';
import { aModel, aPackage, aRule, faultsOf, parsedModel } from './make-model';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { birthrightsFor } from '../../../shared/domain/lifecycle/plan';
import { exampleEvent } from '../../support/events';

const is = (value: string) => ({ attribute: 'department', equals: value });
const id = '10000000-0000-4000-8000-000000000009';
const packages = (...accessPackages: object[]) =>
  aModel({
    accessPackages,
    birthrights: accessPackages.map((one, index) => {
      const { key } = one as { key: string };
      return aRule(`rule-${index}`, is(`department ${index}`), [key]);
    }),
  });
const finance = (members: object) => packages(aPackage('finance', members));
const when = (condition: object) => aModel({ birthrights: [aRule('r', condition, ['finance'])] });

test('a small sound model is read, with its defaults filled in', () => {
  const [finance] = parsedModel().accessPackages;
  expect(finance).toMatchObject({ hidden: false, wait: false, incompatibleWith: [] });
});

test.each<[string, object | string]>([
  ['line 3: not-json', '{\n "version": 1,\n version: 2 }'],
  ['line 1, in leadDays: duplicate-key', '{"leadDays":1,"leadDays":2}'],
  ['the model: must be an object, not a list', '[]'],
  ['version: Invalid input', aModel({ version: 2 })],
  ['leadDays: Too big', aModel({ leadDays: 366 })],
  ['the model: Unrecognized key: "owner"', aModel({ owner: 'me' })],
  [
    'reconcile.theirs: nothing repairs this finding',
    aModel({ reconcile: { missing: 'repair', theirs: 'repair' } }),
  ],
  [
    'accessPackages[0].reconcile: Unrecognized key: "mising"',
    aModel({ accessPackages: [aPackage('finance', { reconcile: { mising: 'repair' } })] }),
  ],
  [
    'timeZones.default: a time zone name',
    aModel({ timeZones: { default: 'Mars', byLocation: {} } }),
  ],
  [
    'timeZones.byLocation.Berlin: a time zone name',
    aModel({ timeZones: { default: 'UTC', byLocation: { Berlin: '+01:00' } } }),
  ],
  ['catalogs: Too small', aModel({ catalogs: [] })],
  ['catalogs[1].key: same as catalogs[0].key', twoCatalogs('main', 'Other')],
  ['catalogs[1].displayName: same as catalogs[0]', twoCatalogs('other', 'MAIN')],
  [
    'accessPackages[1].displayName: same as accessPackages[0].displayName',
    packages(
      aPackage('finance', { displayName: 'Cr\u00e9dit' }),
      aPackage('sales', { displayName: 'Cre\u0301dit' }),
    ),
  ],
  [
    'accessPackages[1].key: same as accessPackages[0].key',
    packages(aPackage('finance'), aPackage('finance', { displayName: 'Other' })),
  ],
  [
    'accessPackages[1].displayName: same as accessPackages[0].displayName',
    packages(aPackage('finance'), aPackage('sales', { displayName: 'package FINANCE' })),
  ],
  ['accessPackages[1].key: 1 to 63 of', withBroken(aPackage('Finance/1'))],
  ['accessPackages[0].key: "lease" is reserved', packages(aPackage('lease'))],
  ['accessPackages[0].catalog: there is no catalog "x"', finance({ catalog: 'x' })],
  ['accessPackages[0].displayName: one line of text', finance({ displayName: ' Finance' })],
  ['accessPackages[0].resources: Too small', finance({ resources: [] })],
  [
    'accessPackages[0].resources[1].role: same as resources[0].role',
    finance({ resources: [...aPackage('x').resources, ...aPackage('x').resources] }),
  ],
  [
    'accessPackages[0].resources[0].role: must be one of Member, Owner',
    finance({ resources: [group('Reader')] }),
  ],
  [
    'accessPackages[0].resources[0].originId: an object id in lower case',
    finance({ resources: [{ ...group('Member'), originId: 'grp-finance' }] }),
  ],
  ['accessPackages[0].policy: none', finance({ policy: undefined })],
  ['accessPackages[0].policyId: beside a policy', finance({ policyId: id, adoptId: id })],
  ['accessPackages[0].adoptId: none', finance({ policy: undefined, policyId: id })],
  [
    'accessPackages[1].adoptId: same as accessPackages[0].adoptId',
    packages(aPackage('finance', { adoptId: id }), aPackage('sales', { adoptId: id })),
  ],
  [
    'accessPackages[0].policy.expiration.duration: an ISO 8601 duration in days',
    finance({ policy: policyWith({ expiration: { type: 'afterDuration', duration: '90' } }) }),
  ],
  [
    'accessPackages[0].policy.approval.stages: is missing',
    finance({ policy: policyWith({ approval: { required: true } }) }),
  ],
  [
    'accessPackages[0].policy.approval.stages[0].primaryApprovers[0]: exactly one of',
    finance({ policy: policyWith({ approval: approvedBy({ mail: 'a@example.com' }) }) }),
  ],
  [
    'accessPackages[0].incompatibleWith[0]: the package itself',
    finance({ incompatibleWith: ['finance'] }),
  ],
  [
    'accessPackages[0].incompatibleWith[0]: there is no package "x"',
    finance({ incompatibleWith: ['x'] }),
  ],
  [
    'accessPackages[0].incompatibleWith[1]: named twice',
    packages(aPackage('finance', { incompatibleWith: ['sales', 'sales'] }), aPackage('sales')),
  ],
  [
    'accessPackages[1]: no rule gives it',
    aModel({ accessPackages: [aPackage('finance'), aPackage('sales')] }),
  ],
  [
    'birthrights[1].id: same as birthrights[0].id',
    aModel({ birthrights: [aRule('r', is('A'), ['finance']), aRule('r', is('B'), ['finance'])] }),
  ],
  ['birthrights[0].packages: Too small', aModel({ birthrights: [aRule('r', is('A'), [])] })],
  [
    'birthrights[0].packages[1]: there is no package "x"',
    aModel({ birthrights: [aRule('r', is('A'), ['finance', 'x'])] }),
  ],
  [
    'birthrights[0].packages[1]: named twice',
    aModel({ birthrights: [aRule('r', is('A'), ['finance', 'finance'])] }),
  ],
  ['birthrights[0].when: exactly one of', when({})],
  ['birthrights[0].when: exactly one of', when({ attribute: 'a', equals: 'b', in: ['c'] })],
  ['birthrights[0].when.equals: must be a text, not a number', when({ attribute: 'a', equals: 5 })],
  [
    'birthrights[0].when.in[1]: must be a text, not a number',
    when({ attribute: 'a', in: ['b', 5] }),
  ],
  ['birthrights[0].when.all: Too small', when({ all: [] })],
  [
    'birthrights[0].when.all[0].any[1].not: exactly one of',
    when({ all: [{ any: [is('A'), { not: {} }] }] }),
  ],
  ['birthrights[0].when: condition can never match', when({ all: [is('A'), is('B')] })],
])('%s…', (fault, model) => {
  const faults = faultsOf(model);
  expect(faults).toHaveLength(1);
  expect(faults[0]?.startsWith(fault) ? fault : faults[0]).toBe(fault);
});

const separated = (one: object, other: object, sameRule = false) =>
  aModel({
    accessPackages: [aPackage('pay'), aPackage('vendor', { incompatibleWith: ['pay'] })],
    birthrights: sameRule
      ? [aRule('both', one, ['pay', 'vendor'])]
      : [aRule('pay', one, ['pay']), aRule('vendor', other, ['vendor'])],
  });

test('one rule may not give incompatible packages', () => {
  expect(faultsOf(separated(is('A'), {}, true))).toEqual([
    'birthrights[0].packages: gives the incompatible packages "pay" and "vendor"; take one out',
  ]);
});

test('two rules that can hold for one person may not give incompatible packages', () => {
  const clerk = { attribute: 'jobCode', in: ['C1', 'C2'] };
  expect(faultsOf(separated(is('A'), clerk))).toEqual([
    expect.stringContaining('to {"department":"A","jobCode":"C1"}; make the conditions exclude'),
  ]);
});

test('rules that exclude each other may give incompatible packages', () => {
  expect(faultsOf(separated(is('A'), is('B')))).toEqual([]);
  expect(faultsOf(separated(is('A'), { not: is('A') }))).toEqual([]);
});

test.each([
  [{ managerLevel: 2 }, 'P3660D', []],
  [{ managerLevel: 3 }, 'P3660D', ['accessPackages[0].policy.approval']],
  [{ managerLevel: 0 }, 'P90D', ['accessPackages[0].policy.approval']],
  [{ managerLevel: 1 }, 'P3661D', ['accessPackages[0].policy.expiration.duration']],
  [{ managerLevel: 1 }, 'P9999D', ['accessPackages[0].policy.expiration.duration']],
])(
  'an approver %j and a lifetime of %s are refused as Graph refuses them',
  (approver, duration, places) => {
    const expiration = { type: 'afterDuration', duration };
    const faults = faultsOf(
      finance({ policy: policyWith({ approval: approvedBy(approver), expiration }) }),
    );
    expect(faults).toHaveLength(places.length);
    places.forEach((place, at) => {
      expect(faults[at]).toContain(place);
    });
  },
);

const adviceOf = (...approvers: object[]): string[] => {
  const stage = { durationBeforeAutomaticDenial: 'P14D', primaryApprovers: approvers };
  const approval = { required: true, stages: [stage] };
  const model = readAccessModel(JSON.stringify(finance({ policy: policyWith({ approval }) })));
  return model.kind === 'ok' ? model.advice : model.faults;
};

test('a second approver is advised where only the manager decides, and nowhere else', () => {
  expect(adviceOf({ managerLevel: 1 })).toEqual([
    expect.stringMatching(
      /^accessPackages\[0\]\.policy\.approval\.stages\[0\]\.primaryApprovers: only the manager/,
    ),
  ]);
  expect(adviceOf({ managerLevel: 1 }, { managerLevel: 2 })).toHaveLength(1);
  expect(adviceOf({ managerLevel: 1 }, { groupId: id })).toEqual([]);
  expect(adviceOf({ userId: id })).toEqual([]);
});

test('the sample model follows its own advice', () => {
  expect(read.kind === 'ok' ? read.advice : read.faults).toEqual([]);
});

test('an unknown member is refused wherever it stands in the sample model', () => {
  const whole = JSON.parse(text) as object;
  const places = objectsIn(whole).filter((path) => path.join('.') !== 'timeZones.byLocation');
  expect(places.length).toBeGreaterThan(50);
  for (const path of places) {
    const model = structuredClone(whole);
    Object.assign(at(model, path), { unknownMember: 1 });
    expect(faultsOf(model).join('\n')).toMatch(/unknownMember|exactly one of/);
  }
});

/** The paths of all objects in a JSON value. */
function objectsIn(value: object, path: string[] = []): string[][] {
  const inner = Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    typeof member === 'object' && member !== null ? objectsIn(member, [...path, name]) : [],
  );
  return Array.isArray(value) ? inner : [path, ...inner];
}

const at = (value: object, path: readonly string[]): object =>
  path.reduce<object>((inner, name) => (inner as Record<string, object>)[name] ?? {}, value);

test('a fault in one place hides none in another', () => {
  const model = aModel({
    leadDays: -1,
    catalogs: [{ key: 'main', displayName: 'Main' }],
    accessPackages: [
      aPackage('finance', { policy: undefined }),
      aPackage('sales', { resources: 1 }),
    ],
    birthrights: [
      aRule('a', is('A'), ['finance', 'sales', 'x']),
      aRule('b', { all: [is('A'), is('B')] }, ['finance']),
    ],
  });
  expect(faultsOf(model).map((fault) => fault.split(':')[0])).toEqual([
    'leadDays',
    'catalogs[0].description',
    'accessPackages[1].resources',
    'accessPackages[0].policy',
    'birthrights[0].packages[2]',
    'birthrights[1].when',
  ]);
});

test('the hash is of the rules: layout, order and the $schema hint do not change it', () => {
  const hash = (text: string) => {
    const read = readAccessModel(text);
    return read.kind === 'ok' ? read.hash : read.faults;
  };
  const { version, ...rest } = aModel();
  const plain = hash(JSON.stringify(aModel()));
  expect(hash(JSON.stringify({ $schema: 'x', ...rest, version }, null, 4))).toBe(plain);
  expect(hash(JSON.stringify({ ...aModel(), leadDays: 8 }))).not.toBe(plain);
});

function withBroken(broken: object) {
  return aModel({ accessPackages: [aPackage('finance'), broken] });
}

function twoCatalogs(key: string, displayName: string) {
  const [main] = aModel().catalogs;
  return aModel({ catalogs: [main, { key, displayName, description: 'For a test.' }] });
}

function group(role: string) {
  return { originSystem: 'AadGroup', originId: id, role };
}

function policyWith(members: object) {
  return { ...aPackage('x').policy, ...members };
}

function approvedBy(approver: object) {
  const stage = { durationBeforeAutomaticDenial: 'P14D', primaryApprovers: [approver] };
  return { required: true, stages: [stage] };
}

const text = readFileSync(join(__dirname, '../../../access-model.json'), 'utf8');
const read = readAccessModel(text);

test('the sample model has no fault', () => {
  expect(read.kind === 'faults' ? read.faults : []).toEqual([]);
});

test("the contract's example worker gets exactly the package of their department", () => {
  if (read.kind !== 'ok') throw new Error('not a model');
  expect(birthrightsFor(read.model, exampleEvent().data.attributes)).toEqual([
    { packageKey: 'finance', ruleId: 'finance-staff' },
  ]);
});

test.each(['Finance', 'Engineering', 'Sales', 'Human Resources', 'Operations'])(
  'the sample model gives employees of %s something on their first day',
  (department) => {
    if (read.kind !== 'ok') throw new Error('not a model');
    const given = birthrightsFor(read.model, { department, workerType: 'employee' });
    expect(given).toHaveLength(1);
  },
);

test('a rule that reads an attribute which the model does not declare is a fault, and the location is always declared', () => {
  const rules = (attribute: string) => ({
    attributes: ['jobCode'],
    birthrights: [aRule('r', { attribute, equals: 'x' }, ['finance'])],
  });
  expect(faultsOf(aModel(rules('department')))).toEqual([
    'birthrights[0].when: reads "department", which attributes does not list; add it there',
  ]);
  expect(faultsOf(aModel(rules('location')))).toEqual([]);
});
