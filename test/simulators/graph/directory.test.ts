import { createCatalog } from './packages';
import {
  sharedSimulator,
  groupId,
  type Json,
  refusal,
  type Simulator,
  smallTenant,
  unknownId,
  userId,
} from './simulator';

/* The tenant itself, its applications, and who may do what, as the simulator shows them. */

const identity = '40000000-0000-4000-8000-000000000001';
const graphAppId = '00000003-0000-0000-c000-000000000000';
const readWriteAll = '9acd699f-1e81-4958-b001-93b1d2506e19';
const assignmentManager = 'e2182095-804a-4656-ae11-64734e9b7ae5';
const catalogCreator = 'ba92d953-d8e0-4e39-a797-0cbedb0a89e8';
const eventual = { ConsistencyLevel: 'eventual' };

const simulator = sharedSimulator(
  {
    tenant: {
      ...smallTenant,
      users: [
        { employeeId: null, id: userId(2001), userPrincipalName: 'guest@example.com' },
        { employeeId: 'W-1001', accountEnabled: false },
      ],
      identities: [
        { id: identity, appId: '41000000-0000-4000-8000-000000000001', displayName: 'joinery' },
      ],
    },
  },
  'test',
);

const get = (path: string, headers?: Json): ReturnType<Simulator['call']> =>
  simulator.call('GET', path, undefined, headers);
const values = async (path: string, headers?: Json): Promise<Json[]> =>
  (await get(path, headers)).body['value'] as Json[];

const graphOf = async (version: string): Promise<Json & { id: string; appRoles: Json[] }> => {
  const [found] = await values(`/${version}/servicePrincipals?$filter=appId eq '${graphAppId}'`);
  return found as Json & { id: string; appRoles: Json[] };
};

describe.each(['v1.0', 'beta'])('%s', (version) => {
  test('lists the organization and its subscriptions', async () => {
    expect(await values(`/${version}/organization`)).toMatchObject([{ tenantType: 'AAD' }]);
    expect(await values(`/${version}/subscribedSkus`)).toMatchObject([
      {
        skuPartNumber: 'AAD_PREMIUM_P2',
        capabilityStatus: 'Enabled',
        servicePlans: [{ servicePlanName: 'AAD_PREMIUM_P2', provisioningStatus: 'Success' }],
      },
    ]);
    const filtered = await get(`/${version}/subscribedSkus?$filter=skuPartNumber eq 'x'`);
    expect(refusal(filtered)).toEqual([501, 'NotSimulated']);
  });

  test('has Microsoft Graph by its application id, with its permissions', async () => {
    const { id, appRoles } = await graphOf(version);
    expect(appRoles).toContainEqual(
      expect.objectContaining({ value: 'EntitlementManagement.ReadWrite.All', id: readWriteAll }),
    );
    expect((await get(`/${version}/servicePrincipals/${id}`)).body['appId']).toBe(graphAppId);
    expect(refusal(await get(`/${version}/servicePrincipals/${unknownId}`))).toEqual([
      404,
      'Request_ResourceNotFound',
    ]);
  });

  test('grants an application permission once, shows it on both sides, and revokes it', async () => {
    const { id: resourceId } = await graphOf(version);
    const body = { principalId: identity, resourceId, appRoleId: readWriteAll };
    const from = `/${version}/servicePrincipals/${identity}/appRoleAssignments`;
    const to = `/${version}/servicePrincipals/${resourceId}/appRoleAssignedTo`;
    const granted = await simulator.call('POST', to, body);
    expect([granted.status, granted.body['principalDisplayName']]).toEqual([201, 'joinery']);
    for (const path of [from, to]) {
      const again = await simulator.call('POST', path, body);
      expect(refusal(again)).toEqual([400, 'Request_BadRequest']);
      expect(again.body['error']).toMatchObject({
        message: 'Permission being assigned already exists on the object',
      });
      expect(await values(path)).toMatchObject([body]);
    }
    const place = `${from}/${String(granted.body['id'])}`;
    expect((await simulator.call('DELETE', place)).status).toBe(204);
    expect(await values(from)).toEqual([]);
    expect(refusal(await simulator.call('DELETE', place))).toEqual([
      404,
      'Request_ResourceNotFound',
    ]);
  });

  test('refuses an unknown permission, an unknown principal, and an address of another object', async () => {
    const { id: resourceId } = await graphOf(version);
    const body = { principalId: identity, resourceId, appRoleId: readWriteAll };
    const to = `/${version}/servicePrincipals/${resourceId}/appRoleAssignedTo`;
    const post = async (path: string, more: Json): Promise<unknown> =>
      refusal(await simulator.call('POST', path, { ...body, ...more }));
    expect(await post(to, { appRoleId: unknownId })).toEqual([400, 'Request_BadRequest']);
    expect(await post(to, { principalId: unknownId })).toEqual([404, 'Request_ResourceNotFound']);
    expect(await post(to, { resourceId: identity })).toEqual([400, 'Request_BadRequest']);
    expect(await post(to, { colour: 'red' })).toEqual([400, 'InvalidModel']);
    const other = `/${version}/servicePrincipals/${identity}/appRoleAssignments`;
    expect(await post(other, { principalId: resourceId })).toEqual([400, 'Request_BadRequest']);
  });

  test('assigns a role of entitlement management in a catalog, once', async () => {
    const path = `/${version}/roleManagement/entitlementManagement/roleAssignments`;
    const definitions = await values(path.replace('Assignments', 'Definitions'));
    expect(definitions.map(({ displayName }) => displayName)).toEqual([
      'Catalog creator',
      'Catalog owner',
      'Catalog reader',
      'Access package manager',
      'Access package assignment manager',
    ]);
    const appScopeId = `/AccessPackageCatalog/${await createCatalog(simulator)}`;
    const body = { principalId: identity, roleDefinitionId: assignmentManager, appScopeId };
    const given = await simulator.call('POST', path, body);
    expect([given.status, given.body]).toMatchObject([201, body]);
    const again = await simulator.call('POST', path, body);
    expect(refusal(again)).toEqual([400, 'InvalidRequest']);
    const filter = `$filter=principalId eq '${identity}'&$expand=roleDefinition`;
    expect(await values(`${path}?${filter}`)).toMatchObject([
      { ...body, roleDefinition: { displayName: 'Access package assignment manager' } },
    ]);
    const place = `${path}/${String(given.body['id'])}`;
    expect((await get(place)).body).toMatchObject(body);
    expect((await simulator.call('DELETE', place)).status).toBe(204);
    expect(refusal(await get(place))).toEqual([404, 'ResourceNotFound']);
  });

  test.each<[string, Json, [number, string]]>([
    ['a scope that is no catalog', { appScopeId: '/' }, [400, 'InvalidRequest']],
    ['no scope', { appScopeId: null }, [400, 'InvalidRequest']],
    ['two scopes', { directoryScopeId: '/' }, [400, 'InvalidRequest']],
    [
      'a catalog that does not exist',
      { appScopeId: `/AccessPackageCatalog/${unknownId}` },
      [404, 'ResourceNotFound'],
    ],
    ['a role that does not exist', { roleDefinitionId: unknownId }, [404, 'ResourceNotFound']],
    ['unknownId', { principalId: unknownId }, [404, 'Request_ResourceNotFound']],
    [
      'a catalog for the role that is held in the tenant',
      { roleDefinitionId: catalogCreator },
      [400, 'InvalidRequest'],
    ],
  ])('refuses a role of entitlement management with %s', async (_, more, refused) => {
    const path = `/${version}/roleManagement/entitlementManagement/roleAssignments`;
    const appScopeId = `/AccessPackageCatalog/${await createCatalog(simulator)}`;
    const body = { principalId: identity, roleDefinitionId: assignmentManager, appScopeId };
    expect(refusal(await simulator.call('POST', path, { ...body, ...more }))).toEqual(refused);
  });

  test('shows the kind of a group', async () => {
    const kinds = await Promise.all(
      [1, 21, 22, 23].map(
        async (number) => (await get(`/${version}/groups/${groupId(number)}`)).body,
      ),
    );
    const usual = { groupTypes: [], mailEnabled: false, securityEnabled: true };
    expect(kinds).toMatchObject([
      { ...usual, membershipRule: null, isAssignableToRole: null, onPremisesSyncEnabled: null },
      { groupTypes: ['DynamicMembership'], membershipRule: 'user.department -eq "Finance"' },
      { ...usual, isAssignableToRole: true },
      { ...usual, onPremisesSyncEnabled: true },
    ]);
  });

  test('creates a security group, finds it by the beginning of its name, and deletes it', async () => {
    const body = {
      displayName: 'throwaway-1',
      mailEnabled: false,
      mailNickname: 'throwaway-1',
      securityEnabled: true,
    };
    const made = await simulator.call('POST', `/${version}/groups`, body);
    expect([made.status, made.body]).toMatchObject([201, body]);
    const found = `/${version}/groups?$filter=startsWith(displayName,'Throwaway-')`;
    expect(await values(found)).toMatchObject([{ id: made.body['id'] }]);
    const place = `/${version}/groups/${String(made.body['id'])}`;
    expect((await simulator.call('DELETE', place)).status).toBe(204);
    expect(await values(found)).toEqual([]);
    expect((await simulator.call('DELETE', place)).status).toBe(404);
    for (const missing of ['mailEnabled', 'securityEnabled']) {
      const refused = await simulator.call('POST', `/${version}/groups`, {
        ...body,
        [missing]: undefined,
      });
      expect(refusal(refused)).toEqual([400, 'Request_BadRequest']);
    }
    const unified = { ...body, groupTypes: ['Unified'] };
    const left = await simulator.call('POST', `/${version}/groups`, unified);
    expect(refusal(left)).toEqual([501, 'NotSimulated']);
  });

  test('counts users with an employee id, but only as an advanced query', async () => {
    const filter = `/${version}/users?$filter=employeeId ne null&$top=5`;
    expect(refusal(await get(filter))).toEqual([400, 'Request_UnsupportedQuery']);
    expect(refusal(await get(`${filter}&$count=true`))).toEqual([400, 'Request_UnsupportedQuery']);
    expect(refusal(await get(filter, eventual))).toEqual([400, 'Request_UnsupportedQuery']);
    const page = await get(`${filter}&$count=true`, eventual);
    expect(page.body['@odata.count']).toBe(20);
    expect(page.body['value']).toHaveLength(5);
    const { pathname, search } = new URL(String(page.body['@odata.nextLink']));
    const next = await get(`${pathname}${search}`, eventual);
    expect([next.body['@odata.count'], next.body['value']]).toMatchObject([20, { length: 5 }]);
    const all = await get(`/${version}/users?$count=true&$top=1`, eventual);
    expect(all.body['@odata.count']).toBe(21);
    const without = `/${version}/users?$filter=employeeId eq null`;
    expect(refusal(await get(without))).toEqual([400, 'Request_UnsupportedQuery']);
    expect(await values(`${without}&$count=true`, eventual)).toMatchObject([
      { userPrincipalName: 'guest@example.com' },
    ]);
  });
});

test('Users can be filtered by whether their account is enabled', async () => {
  const disabled = await values("users?$filter=accountEnabled eq false and userType eq 'Member'");
  expect(disabled).toMatchObject([{ id: userId(1001) }]);
  expect(await values('users?$filter=accountEnabled eq true')).toHaveLength(20);
  expect(refusal(await get('users?$filter=accountEnabled eq maybe'))).toEqual([
    400,
    'InvalidFilter',
  ]);
});

test('Counting another collection is refused', async () => {
  expect(refusal(await get('EM/catalogs?$count=true', eventual))).toEqual([501, 'NotSimulated']);
  expect(refusal(await get('users?$count=yes', eventual))).toEqual([400, 'BadRequest']);
  const without = await get("groups?$filter=startsWith(displayName 'x')");
  expect(refusal(without)).toEqual([400, 'InvalidFilter']);
});
