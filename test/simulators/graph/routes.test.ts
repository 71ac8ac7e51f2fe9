import { type CompletePackage, createCompletePackage, submit } from './packages';
import {
  sharedSimulator,
  groupId,
  type Json,
  refusal,
  type Simulator,
  startSimulator,
  unknownId,
  until,
  userId,
} from './simulator';

const simulator = sharedSimulator();
let complete: CompletePackage;
beforeAll(async () => {
  complete = await createCompletePackage(simulator);
});

const get = (path: string): ReturnType<Simulator['call']> => simulator.call('GET', path);
const filtered = (path: string, filter: string): ReturnType<Simulator['call']> =>
  get(`${path}?$filter=${encodeURIComponent(filter)}`);
const values = (answer: { body: Json }): Json[] => answer.body['value'] as Json[];

test('the Date header of an answer is the time of the clock that the simulator has', async () => {
  const now = new Date('2031-04-05T06:07:08Z');
  const all = ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'] as const;
  const timers = ['clearImmediate', 'setInterval', 'clearInterval', 'setTimeout'] as const;
  jest.useFakeTimers({ now, doNotFake: [...all, ...timers, 'clearTimeout'] });
  try {
    const { headers } = await fetch(`${simulator.url}/v1.0/organization`);
    expect(headers.get('date')).toBe(now.toUTCString());
  } finally {
    jest.useRealTimers();
  }
});

test.each([
  ['POST', '/v1.0/EM/assignmentRequests/{}/accessPackage/$ref'],
  ['POST', '/v1.0/EM/accessPackageAssignmentRequests/$ref'],
  ['POST', '/v1.0/EM/accessPackageAssignments/$ref'],
  ['POST', '/v1.0/accessPackages/{}/incompatibleAccessPackages/$ref'],
  ['POST', '/v1.0/EM/accessPackages/{}/assignmentPolicies'],
  ['GET', '/v1.0/EM/accessPackageCatalogs'],
  ['GET', '/v2.0/users'],
  ['GET', '/v1.0'],
  ['GET', '/v1.0/users/%E0'],
  ['DELETE', '/v1.0/EM/assignments/{}'],
  ['POST', '/beta/EM/assignmentRequests/{}/accessPackage/$ref'],
  ['POST', '/beta/EM/accessPackageAssignmentRequests/$ref'],
  ['POST', '/beta/EM/accessPackageAssignments/$ref'],
  ['POST', '/beta/accessPackages/{}/incompatibleAccessPackages/$ref'],
  ['POST', '/localtest/EM/accessPackageAssignments/$ref'],
  ['GET', '/beta/EM/catalogs'],
  ['GET', '/beta/EM/assignments'],
  ['DELETE', '/beta/EM/accessPackageAssignments/{}'],
])('%s %s, which no back end serves, answers 404 without a code', async (method, path) => {
  const answer = await simulator.call(
    method,
    path.replace('{}', complete.accessPackage),
    method === 'POST' ? {} : undefined,
  );
  expect(refusal(answer)).toEqual([404, '']);
});

test.each([
  'users/{}',
  'groups/{}',
  'groups/{}/members',
  'EM/resourceRequests/{}',
  'EM/accessPackages/{}',
  'EM/accessPackages/{}/resourceRoleScopes',
  'EM/accessPackages/{}/incompatibleAccessPackages',
  'EM/assignmentPolicies/{}',
  'EM/assignmentRequests/{}',
  'EM/assignments/{}',
])('GET %s of an unknown id is ResourceNotFound, of a name InvalidFilter', async (path) => {
  const unknown = await get(path.replace('{}', unknownId));
  expect(refusal(unknown)).toEqual([404, 'ResourceNotFound']);
  if (path === 'users/{}') return;
  expect(refusal(await get(path.replace('{}', 'Finance')))).toEqual([400, 'InvalidFilter']);
});

test('An unknown catalog is forbidden, not absent', async () => {
  const unknown = await get('EM/catalogs/99999999-9999-4999-8999-999999999999');
  expect(refusal(unknown)).toEqual([403, 'UnAuthorized']);
});

test('A method that a resource lacks is 405', async () => {
  expect(refusal(await simulator.call('PUT', 'EM/accessPackages', {}))).toEqual([
    405,
    'MethodNotAllowed',
  ]);
});

test('What is published but not simulated is refused as not simulated', async () => {
  expect(refusal(await filtered('users', "not (employeeId eq 'x')"))).toEqual([
    501,
    'NotSimulated',
  ]);
  expect(refusal(await filtered('EM/catalogs', "displayName ne 'x'"))).toEqual([
    501,
    'NotSimulated',
  ]);
  expect(refusal(await filtered('users', "onPremisesDistinguishedName eq 'x'"))).toEqual([
    501,
    'NotSimulated',
  ]);
  expect(refusal(await simulator.call('POST', '/v1.0/$batch', { requests: [] }))).toEqual([
    501,
    'NotSimulated',
  ]);
  expect(refusal(await get('EM/accessPackages?$orderby=displayName'))).toEqual([
    501,
    'NotSimulated',
  ]);
  expect(refusal(await filtered('EM/accessPackages', "contains(displayName,'x')"))).toEqual([
    501,
    'NotSimulated',
  ]);
  expect(
    refusal(await filtered('EM/accessPackages', "displayName eq 'x' or displayName eq 'y'")),
  ).toEqual([501, 'NotSimulated']);
});

test('Every error has the envelope and the ids of Graph', async () => {
  const answer = await simulator.call('GET', 'EM/accessPackages/x', undefined, {
    'client-request-id': 'mine',
  });
  expect(refusal(answer)).toEqual([400, 'InvalidFilter']);
  expect(answer.headers.get('client-request-id')).toBe('mine');
  const error = answer.body['error'] as Json;
  expect(error['innerError']).toMatchObject({
    'request-id': answer.headers.get('request-id'),
    'client-request-id': 'mine',
  });
  expect(answer.headers.get('date')).toBeTruthy();
});

describe('A filter', () => {
  const bad: [string, string, string][] = [
    ['on a member of beta', 'EM/assignments', "assignmentState eq 'Delivered'"],
    ['on a member of v1.0', '/beta/EM/accessPackageAssignmentRequests', "state eq 'delivered'"],
    ['on text where an id belongs', 'EM/assignments', "accessPackage/id eq 'Finance'"],
    ['on a state that does not exist', 'EM/assignmentRequests', "state eq 'done'"],
    ['that breaks off', 'EM/catalogs', "displayName eq 'Sta"],
    ['without an operator', 'EM/catalogs', 'displayName'],
    ['with a parenthesis that stays open', 'EM/catalogs', "(displayName eq 'x'"],
    ['that begins with a value', 'EM/catalogs', "'x' eq displayName"],
    ['that goes on after its end', 'EM/catalogs', "displayName eq 'x' 'y'"],
    ['without a value', 'EM/catalogs', 'displayName eq'],
    ['on text without quotes', 'EM/catalogs', 'displayName eq Staff'],
  ];
  test.each(bad)('%s is InvalidFilter', async (_, path, filter) => {
    expect(refusal(await filtered(path, filter))).toEqual([400, 'InvalidFilter']);
  });

  test.each([
    `accessPackage/id eq '${unknownId}' and state eq 'delivered'`,
    `createdDateTime gt 2026-01-01T00:00:00Z and accessPackage/id eq '${unknownId}'`,
    "requestType eq 'adminAdd'",
  ])('on requests that no documentation shows is not simulated: %s', async (filter) => {
    expect(refusal(await filtered('EM/assignmentRequests', filter))).toEqual([501, 'NotSimulated']);
  });

  test('compares states in any case, in parentheses and joined by and', async () => {
    const { body } = await submit(simulator, complete, 1001);
    await until(
      () => get(`EM/assignmentRequests/${String(body['id'])}`),
      (read) => read.body['state'] === 'delivered',
    );
    const found = await filtered(
      'EM/assignments',
      `(accessPackage/id eq '${complete.accessPackage}') and target/objectId eq '${userId(1001)}' and state eq 'Delivered'`,
    );
    expect(values(found)).toHaveLength(1);
    expect(
      values(await filtered('EM/assignments', `target/objectId eq '${userId(1002)}'`)),
    ).toEqual([]);
  });

  test('takes a doubled quote as one', async () => {
    await simulator.call('POST', 'EM/catalogs', { displayName: "O'Neill (HR)" });
    expect(values(await filtered('EM/catalogs', "displayName eq 'O''Neill (HR)'"))).toHaveLength(1);
  });
});

test.each([
  ['$colour=red', [400, 'BadRequest']],
  ['$top=many', [400, 'BadRequest']],
  ['$expand=catalog($select=id', [400, 'BadRequest']],
  ['$expand=catalog id', [400, 'BadRequest']],
  ["$expand=assignmentPolicies($filter=id eq 'x')", [501, 'NotSimulated']],
])('The query %s is refused', async (query, refused) => {
  expect(refusal(await get(`EM/accessPackages?${encodeURI(query)}`))).toEqual(refused);
});

test('A query option works without its dollar', async () => {
  const filter = encodeURIComponent("displayName eq 'Nothing'");
  expect(values(await get(`EM/accessPackages?filter=${filter}`))).toEqual([]);
});

test('What is expanded or selected must be declared', async () => {
  const path = `EM/accessPackages/${complete.accessPackage}`;
  expect(refusal(await get(`${path}?$expand=accessPackageCatalog`))).toEqual([400, 'BadRequest']);
  expect(refusal(await get(`${path}?$select=catalogId`))).toEqual([400, 'BadRequest']);
  expect(refusal(await get(`${path}?$expand=incompatibleGroups`))).toEqual([501, 'NotSimulated']);
});

test('A package expands to its catalog, its role scopes with role and scope, and its policies', async () => {
  const plain = await get(`EM/accessPackages/${complete.accessPackage}`);
  expect(plain.body).not.toHaveProperty('catalog');
  const { body } = await get(
    `EM/accessPackages/${complete.accessPackage}?$expand=catalog($select=id),resourceRoleScopes($expand=role($expand=resource),scope),assignmentPolicies`,
  );
  expect(body).toMatchObject({
    displayName: 'Finance',
    catalog: { id: complete.catalog },
    resourceRoleScopes: [
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}_[0-9a-f-]{36}$/) as string,
        role: {
          originId: `Member_${groupId(1)}`,
          resource: { id: complete.resource, originId: groupId(1) },
        },
        scope: { originId: groupId(1), isRootScope: true },
      },
    ],
    assignmentPolicies: [{ id: complete.policy, expiration: { type: 'noExpiration' } }],
  });
});

test('The target of a request reads as a subject: the user’s id is its objectId, not its id', async () => {
  const { body } = await submit(simulator, complete, 1003);
  const read = await until(
    () =>
      get(
        `EM/assignmentRequests/${String(body['id'])}?$expand=accessPackage,requestor,assignment($expand=target)`,
      ),
    (answer) => answer.body['state'] === 'delivered',
  );
  const target = (read.body['assignment'] as Json)['target'] as Json;
  expect(target['objectId']).toBe(userId(1003));
  expect(target['id']).not.toBe(userId(1003));
  expect(read.body).toMatchObject({
    accessPackage: { id: complete.accessPackage },
    requestor: { objectId: userId(1003) },
  });
});

test('A user without a selection has no employeeId, as in Graph', async () => {
  expect((await get(`users/${userId(1001)}`)).body).not.toHaveProperty('employeeId');
  const found = await get(
    `users?$filter=${encodeURIComponent("employeeId eq 'W-1001'")}&$select=id,employeeId,accountEnabled,employeeHireDate`,
  );
  expect(values(found)).toEqual([
    { id: userId(1001), employeeId: 'W-1001', accountEnabled: true, employeeHireDate: null },
  ]);
});

test('The roles of an application are read from the catalog, because the expansion of its resource is empty', async () => {
  const expenses = {
    originSystem: 'AadApplication',
    originId: '30000000-0000-4000-8000-000000000001',
  };
  const submitter = '31000000-0000-4000-8000-000000000001';
  await simulator.call('POST', 'EM/resourceRequests', {
    requestType: 'adminAdd',
    resource: expenses,
    catalog: { id: complete.catalog },
  });
  const path = `EM/catalogs/${complete.catalog}`;
  const [resource] = values(
    await get(
      `${path}/resources?$filter=${encodeURIComponent(`originId eq '${expenses.originId}'`)}&$expand=roles,scopes`,
    ),
  );
  expect(resource).toMatchObject({ roles: [], scopes: [{ isRootScope: true }] });
  const roles = await filtered(
    `${path}/resourceRoles`,
    `(originSystem eq 'AadApplication' and resource/id eq '${String(resource?.['id'])}')`,
  );
  expect(values(roles)).toMatchObject([{ originId: submitter, displayName: 'Submitter' }]);
});

test('Incompatible packages can be read from both sides, and a link can be removed', async () => {
  const other = await createCompletePackage(simulator, { name: 'Other', group: 2 });
  const links = `EM/accessPackages/${complete.accessPackage}/incompatibleAccessPackages`;
  const link = {
    '@odata.id': `${simulator.url}/v1.0/identityGovernance/entitlementManagement/accessPackages/${other.accessPackage}`,
  };
  expect((await simulator.call('POST', `${links}/$ref`, link)).status).toBe(204);
  expect(values(await get(links)).map(({ id }) => id)).toEqual([other.accessPackage]);
  expect(
    values(
      await get(`EM/accessPackages/${other.accessPackage}/accessPackagesIncompatibleWith`),
    ).map(({ id }) => id),
  ).toEqual([complete.accessPackage]);
  expect((await simulator.call('DELETE', `${links}/${other.accessPackage}/$ref`)).status).toBe(204);
  expect(values(await get(links))).toEqual([]);
  expect(refusal(await simulator.call('DELETE', `${links}/${other.accessPackage}/$ref`))).toEqual([
    404,
    'ResourceNotFound',
  ]);
});

test('A long collection continues at an absolute link that keeps the query', async () => {
  const small = await startSimulator({ pageSize: 7 });
  const seen: unknown[] = [];
  let address: string | undefined = `${small.url}/v1.0/users?$select=employeeId`;
  let pages = 0;
  while (address !== undefined) {
    const answer = (await (await fetch(address)).json()) as Json;
    seen.push(...(answer['value'] as Json[]).map((user) => user['employeeId']));
    address = answer['@odata.nextLink'] as string | undefined;
    pages += 1;
  }
  await small.stop();
  expect(pages).toBe(3);
  expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => `W-${1001 + index}`));
});

test('A page of a filtered collection is full while more rows fit', async () => {
  const small = await startSimulator({ pageSize: 3 });
  const path = "/v1.0/users?$filter=accountEnabled eq true and userType eq 'Member'&$select=id";
  const pages: Json[][] = [];
  for (let address: string | undefined = `${small.url}${path}`; address !== undefined;) {
    const answer = (await (await fetch(address)).json()) as Json;
    pages.push(answer['value'] as Json[]);
    address = answer['@odata.nextLink'] as string | undefined;
  }
  await small.stop();
  expect(pages.flat()).toEqual(values(await get(path)));
  // The one guest does not fit.
  expect(pages.flat()).toHaveLength(20);
  const full = pages.slice(0, -1);
  expect(full.map(({ length }) => length)).toEqual(full.map(() => 3));
  expect(pages.at(-1)).not.toHaveLength(0);
});

test('A token is required only with the setting for it', async () => {
  const strict = await startSimulator({ requireToken: true });
  const path = 'users?$select=id&$top=1';
  const without = await strict.call('GET', path);
  const withOne = await strict.call('GET', path, undefined, { Authorization: 'Bearer x' });
  await strict.stop();
  expect(refusal(without)).toEqual([401, 'InvalidAuthenticationToken']);
  expect(withOne.status).toBe(200);
});
