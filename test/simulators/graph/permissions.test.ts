import { type CompletePackage, createCompletePackage, submit, v1 } from './packages';
import {
  type Answered,
  groupId,
  type Json,
  refusal,
  type Simulator,
  smallTenant,
  startSimulator,
  unknownId,
  userId,
} from './simulator';

/* A caller that was not granted everything is held to what it was granted. */

const identity = '40000000-0000-4000-8000-000000000001';
const catalogId = '51000000-0000-4000-8000-000000000001';
const denied = [403, 'Authorization_RequestDenied'];
const unauthorized = [403, 'UnAuthorized'];

let simulator: Simulator;
let complete: CompletePackage;
let other: CompletePackage;

async function as(permissions: string[], roles: string[] = []): Promise<void> {
  const catalogRoles = roles.map((role) => ({ catalog: catalogId, role }));
  simulator = await startSimulator({
    tenant: {
      ...smallTenant,
      catalogs: [{ id: catalogId, displayName: 'Ours' }],
      identities: [
        {
          id: identity,
          appId: '41000000-0000-4000-8000-000000000001',
          displayName: 'joinery',
          permissions,
          catalogRoles,
        },
      ],
    },
  });
  complete = await createCompletePackage(simulator, { catalog: catalogId });
  other = await createCompletePackage(simulator, { name: 'Other', group: 2 });
  await simulator.call('PUT', '/_control/caller', { id: identity });
}
afterEach(() => simulator.stop());

const get = (path: string): Promise<Answered> => simulator.call('GET', path);
const post = (path: string, body: Json): Promise<Answered> => simulator.call('POST', path, body);
const statusOf = async (answer: Promise<Answered>): Promise<number> => (await answer).status;
const held = (packageId: string): string =>
  `EM/assignments?$filter=accessPackage/id eq '${packageId}'`;

test('A caller without a permission is denied every read and every write', async () => {
  await as([]);
  for (const version of ['/v1.0', '/beta']) {
    const reads = ['organization', 'subscribedSkus', 'users', `users/${userId(1001)}`, 'groups'];
    const more = [`groups/${groupId(1)}/members`, 'servicePrincipals'];
    const own = [`servicePrincipals/${identity}/appRoleAssignments`];
    const roles = ['roleManagement/entitlementManagement/roleAssignments'];
    for (const path of [...reads, ...more, ...own, ...roles]) {
      expect([path, refusal(await get(`${version}/${path}`))]).toEqual([path, denied]);
    }
    expect(refusal(await post(`${version}/groups`, {}))).toEqual(denied);
    expect(refusal(await simulator.call('DELETE', `${version}/groups/${groupId(1)}`))).toEqual(
      denied,
    );
  }
  for (const path of [
    'EM/catalogs',
    'EM/accessPackages',
    'EM/assignmentPolicies',
    held(other.accessPackage),
  ]) {
    expect([path, refusal(await get(path))]).toEqual([path, unauthorized]);
  }
  expect(refusal(await get('/beta/EM/accessPackageCatalogs'))).toEqual(unauthorized);
  expect(refusal(await submit(simulator, complete, 1001))).toEqual(unauthorized);
});

test('A permission to read entitlement management writes nothing', async () => {
  await as(['EntitlementManagement.Read.All']);
  expect(await statusOf(get('EM/catalogs'))).toBe(200);
  expect(await statusOf(get('/beta/EM/accessPackageAssignments'))).toBe(200);
  expect(refusal(await submit(simulator, complete, 1001))).toEqual(unauthorized);
  expect(refusal(await get('users'))).toEqual(denied);
});

test('A permission to write entitlement management adds no group without permission to write groups', async () => {
  await as(['EntitlementManagement.ReadWrite.All']);
  expect(await statusOf(submit(simulator, complete, 1001))).toBe(201);
  const addition = {
    requestType: 'adminAdd',
    resource: { originId: groupId(2), originSystem: 'AadGroup' },
    catalog: { id: catalogId },
  };
  expect(refusal(await post('EM/resourceRequests', addition))).toEqual([
    400,
    'CallerNotResourceOwner',
  ]);
});

test('With permission to write groups as well, it adds them', async () => {
  await as(['EntitlementManagement.ReadWrite.All', 'Group.ReadWrite.All']);
  const addition = {
    requestType: 'adminAdd',
    resource: { originId: groupId(2), originSystem: 'AadGroup' },
    catalog: { id: catalogId },
  };
  expect(await statusOf(post('EM/resourceRequests', addition))).toBe(201);
});

describe('An access package assignment manager of a catalog', () => {
  beforeEach(() => as([], ['Access package assignment manager']));

  test('assigns the packages of that catalog and no others', async () => {
    expect(await statusOf(submit(simulator, complete, 1001))).toBe(201);
    expect(refusal(await submit(simulator, other, 1001))).toEqual(unauthorized);
    const beta = await post('/beta/EM/accessPackageAssignmentRequests', {
      requestType: 'AdminAdd',
      accessPackageAssignment: {
        targetId: userId(1002),
        assignmentPolicyId: complete.policy,
        accessPackageId: complete.accessPackage,
      },
    });
    expect(beta.status).toBe(201);
  });

  test('must name the package whose assignments it lists', async () => {
    expect(await statusOf(get(held(complete.accessPackage)))).toBe(200);
    expect(refusal(await get('EM/assignments'))).toEqual(unauthorized);
    expect(refusal(await get(held(other.accessPackage)))).toEqual(unauthorized);
  });

  test('reads the catalog and its packages and changes neither', async () => {
    expect(await statusOf(get(`EM/catalogs/${catalogId}`))).toBe(200);
    expect(await statusOf(get(`EM/assignmentPolicies/${complete.policy}`))).toBe(200);
    const place = `EM/accessPackages/${complete.accessPackage}`;
    expect(await statusOf(get(place))).toBe(200);
    const writes = [
      simulator.call('PATCH', place, { displayName: 'Mine' }),
      simulator.call('DELETE', place),
      simulator.call('DELETE', `EM/catalogs/${catalogId}`),
      post('EM/accessPackages', { displayName: 'New', catalog: { id: catalogId } }),
      post('EM/assignmentPolicies', v1.policyBody(complete.accessPackage)),
      post('EM/catalogs', { displayName: 'New' }),
      post(`${place}/resourceRoleScopes`, v1.roleScopeBody(complete.resource, 1, 'Owner')),
    ];
    for (const write of await Promise.all(writes)) expect(refusal(write)).toEqual(unauthorized);
  });
});

test('A catalog reader assigns nothing, a package manager creates packages, an owner adds resources', async () => {
  await as([], ['Catalog reader']);
  expect(await statusOf(get(`EM/accessPackages/${complete.accessPackage}`))).toBe(200);
  expect(refusal(await post('EM/assignmentRequests', v1.requestBody(complete, 1001)))).toEqual(
    unauthorized,
  );
  await simulator.stop();

  await as([], ['Access package manager']);
  const made = { displayName: 'New', catalog: { id: catalogId } };
  expect(await statusOf(post('EM/accessPackages', made))).toBe(201);
  const publish = { state: 'unpublished' };
  const catalog = `EM/catalogs/${catalogId}`;
  expect(refusal(await simulator.call('PATCH', catalog, publish))).toEqual(unauthorized);
  await simulator.stop();

  await as(['Group.ReadWrite.All'], ['Catalog owner']);
  const addition = {
    requestType: 'adminAdd',
    resource: { originId: groupId(2), originSystem: 'AadGroup' },
    catalog: { id: catalogId },
  };
  expect(await statusOf(post('EM/resourceRequests', addition))).toBe(201);
  expect(await statusOf(simulator.call('PATCH', catalog, publish))).toBe(204);
});

test('Without a caller everything is allowed, and only a known identity can be the caller', async () => {
  await as([]);
  const unknown = { id: unknownId };
  expect(await statusOf(simulator.call('PUT', '/_control/caller', unknown))).toBe(404);
  expect(await statusOf(simulator.call('PUT', '/_control/caller', { id: null }))).toBe(200);
  expect(await statusOf(get('users'))).toBe(200);
});
