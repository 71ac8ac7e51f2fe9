import { createCatalog } from './packages';
import { refusal, sharedSimulator, smallTenant, userId, type Json } from './simulator';

/* How text is compared in filters, and which comparisons are advanced queries. */

const eventual = { ConsistencyLevel: 'eventual' };
const directoryExtension = `extension_${'0a'.repeat(16)}_workerNumber`;
const attributes = {
  department: 'Finance',
  onPremisesSamAccountName: 'jdoe-31',
  'onPremisesExtensionAttributes/extensionAttribute1': 'W-3100',
  'employeeOrgData/costCenter': '4711',
  [directoryExtension]: 'D-31',
  'ext1ab2cd3e_hr/number': 'S-31',
};

const simulator = sharedSimulator({
  tenant: {
    ...smallTenant,
    users: [
      { employeeId: 'w-1001', id: userId(3101), userPrincipalName: 'other@example.com' },
      { employeeId: 'W-3100', attributes },
    ],
  },
});

const find = (filter: string, more = '', headers: Json = {}) =>
  simulator.call('GET', `users?$filter=${encodeURIComponent(filter)}${more}`, undefined, headers);
const idsIn = ({ body }: Awaited<ReturnType<typeof find>>): unknown[] =>
  (body['value'] as Json[]).map(({ id }) => id);

test('eq ignores the case of letters, in the directory and in entitlement management', async () => {
  expect(idsIn(await find("employeeId eq 'w-1001'"))).toEqual([userId(1001), userId(3101)]);
  expect(idsIn(await find("department eq 'FINANCE'"))).toEqual([userId(3100)]);
  await createCatalog(simulator);
  const { body } = await simulator.call('GET', 'EM/catalogs');
  const [catalog] = body['value'] as { displayName: string }[];
  const name = catalog?.displayName.toUpperCase() ?? '';
  const found = await simulator.call('GET', `EM/catalogs?$filter=displayName eq '${name}'`);
  expect(found.body['value']).toEqual([catalog]);
});

test('eq does not ignore another Unicode form', async () => {
  const catalog = { displayName: 'Caf\u00e9', description: 'x' };
  expect((await simulator.call('POST', 'EM/catalogs', catalog)).status).toBe(201);
  const found = await simulator.call('GET', "EM/catalogs?$filter=displayName eq 'Cafe\u0301'");
  expect(found.body['value']).toEqual([]);
});

test.each([
  ['department', 'Finance'],
  [directoryExtension, 'D-31'],
])('%s is compared by any query', async (path, value) => {
  const [member = ''] = path.split('/');
  const found = await find(`${path} eq '${value}'`, `&$select=${member}`);
  expect(found.body['value']).toEqual([{ [member]: value }]);
});

test.each([
  ['onPremisesSamAccountName', 'jdoe-31'],
  ['onPremisesExtensionAttributes/extensionAttribute1', 'W-3100'],
  ['employeeOrgData/costCenter', '4711'],
  ['ext1ab2cd3e_hr/number', 'S-31'],
])('%s is compared by an advanced query only', async (path, value) => {
  const filter = `${path} eq '${value}'`;
  const refused = [400, 'Request_UnsupportedQuery'];
  expect(refusal(await find(filter))).toEqual(refused);
  expect(refusal(await find(filter, '&$count=true'))).toEqual(refused);
  expect(refusal(await find(filter, '', eventual))).toEqual(refused);
  const found = await find(filter, '&$count=true', eventual);
  expect([found.body['@odata.count'], idsIn(found)]).toEqual([1, [userId(3100)]]);
});

test('a member of a user that no source lists as comparable is refused', async () => {
  const found = await find("onPremisesDistinguishedName eq 'x'", '&$count=true', eventual);
  expect(refusal(found)).toEqual([501, 'NotSimulated']);
  expect(refusal(await find("workerNumber eq 'x'"))).toEqual([400, 'InvalidFilter']);
});

describe('in', () => {
  test('finds whoever has one of the values, in any case, and each once', async () => {
    const found = await find("employeeId in ('w-1001','W-1002', 'W-9999', 'W-1001')");
    expect(idsIn(found)).toEqual([userId(1001), userId(1002), userId(3101)]);
    expect(idsIn(await find("department in ('FINANCE')"))).toEqual([userId(3100)]);
    expect(idsIn(await find("employeeId in ('it''s')"))).toEqual([]);
  });

  test('takes 15 values and refuses more', async () => {
    const filterOf = (count: number): string =>
      `employeeId in (${Array.from({ length: count }, (_, at) => `'W-${1001 + at}'`).join(',')})`;
    expect(idsIn(await find(filterOf(15)))).toHaveLength(16);
    expect(refusal(await find(filterOf(16)))).toEqual([400, 'Request_UnsupportedQuery']);
  });

  test('is an advanced query where eq is one, and its address is no longer than 2,048 characters', async () => {
    const filterOf = (values: string[]): string =>
      `employeeOrgData/costCenter in (${values.map((value) => `'${value}'`).join(',')})`;
    const one = filterOf(['4711']);
    expect(refusal(await find(one))).toEqual([400, 'Request_UnsupportedQuery']);
    expect(idsIn(await find(one, '&$count=true', eventual))).toEqual([userId(3100)]);
    const long = filterOf(Array.from({ length: 15 }, () => 'x'.repeat(150)));
    expect(refusal(await find(long, '&$count=true', eventual))).toEqual([
      400,
      'Request_UnsupportedQuery',
    ]);
  });

  test.each(['onPremisesSecurityIdentifier', directoryExtension])(
    'is not documented for %s',
    async (path) => {
      expect(refusal(await find(`${path} in ('x')`))).toEqual([501, 'NotSimulated']);
    },
  );

  test.each([
    'employeeId in ()',
    "employeeId in ('a' 'b')",
    "employeeId in 'a'",
    'employeeId in (a)',
  ])('refuses %s', async (filter) => {
    expect(refusal(await find(filter))).toEqual([400, 'InvalidFilter']);
  });

  test('is not documented in entitlement management', async () => {
    const filter = encodeURIComponent("state in ('submitted')");
    expect(refusal(await simulator.call('GET', `EM/assignmentRequests?$filter=${filter}`))).toEqual(
      [501, 'NotSimulated'],
    );
  });
});
