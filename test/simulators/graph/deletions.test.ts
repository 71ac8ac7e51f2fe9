import { type CompletePackage, createCompletePackage, submit, v1 } from './packages';
import {
  type Answered,
  groupId,
  type Json,
  refusal,
  type Simulator,
  startSimulator,
  unknownId,
  until,
  userId,
} from './simulator';

/* Changing and deleting what is there, with what stands in the way. */

const names = {
  'v1.0': {
    catalogs: 'catalogs',
    policies: 'assignmentPolicies',
    requests: 'assignmentRequests',
    roleScopes: 'resourceRoleScopes',
  },
  beta: {
    catalogs: 'accessPackageCatalogs',
    policies: 'accessPackageAssignmentPolicies',
    requests: 'accessPackageAssignmentRequests',
    roleScopes: 'accessPackageResourceRoleScopes',
  },
};

describe.each(['v1.0', 'beta'] as const)('In %s', (version) => {
  const name = names[version];
  let simulator: Simulator;
  let complete: CompletePackage;
  beforeEach(async () => {
    simulator = await startSimulator();
    complete = await createCompletePackage(simulator);
  });
  afterEach(() => simulator.stop());

  const to = (path: string): string => `/${version}/EM/${path}`;
  const remove = (path: string): Promise<Answered> => simulator.call('DELETE', to(path));
  const removed = async (path: string): Promise<number> => (await remove(path)).status;
  const refused = async (path: string): Promise<unknown> => refusal(await remove(path));
  const membersOf = async (): Promise<unknown> =>
    (await simulator.state()).groups.find(({ id }) => id === groupId(1))?.members;

  async function given(): Promise<{ request: string; assignment: string }> {
    const { body } = await submit(simulator, complete, 1001);
    await until(membersOf, (members) => (members as string[]).includes(userId(1001)));
    const { assignments } = await simulator.state();
    return { request: String(body['id']), assignment: assignments[0]?.id ?? '' };
  }

  async function takenBack(assignment: string): Promise<void> {
    const body = { requestType: 'adminRemove', assignment: { id: assignment } };
    await simulator.call('POST', 'EM/assignmentRequests', body);
    await until(membersOf, (members) => (members as string[]).length === 0);
  }

  test('a package, its policy and its roles can be deleted before their catalog', async () => {
    const [scope] = (
      await simulator.call('GET', to(`accessPackages/${complete.accessPackage}/${name.roleScopes}`))
    ).body['value'] as { id: string }[];
    expect(await refused(`${name.catalogs}/${complete.catalog}`)).toEqual([400, 'InvalidRequest']);
    const place = `accessPackages/${complete.accessPackage}/${name.roleScopes}/${String(scope?.id)}`;
    expect(await removed(place)).toBe(204);
    expect(await refused(place)).toEqual([404, 'ResourceNotFound']);
    expect(await removed(`${name.policies}/${complete.policy}`)).toBe(204);
    expect(await refused(`${name.policies}/${complete.policy}`)).toEqual([404, 'ResourceNotFound']);
    expect(await removed(`accessPackages/${complete.accessPackage}`)).toBe(204);
    expect(await removed(`${name.catalogs}/${complete.catalog}`)).toBe(204);
    expect(await refused(`${name.catalogs}/${complete.catalog}`)).toEqual([403, 'UnAuthorized']);
    const { counts } = await simulator.state();
    expect(counts).toMatchObject({ catalogs: 0, resources: 0, accessPackages: 0, roleScopes: 0 });
  });

  test('deleting a package deletes its policies, roles and incompatibilities', async () => {
    const other = await createCompletePackage(simulator, {
      name: 'Other',
      catalog: complete.catalog,
      group: 2,
    });
    const at = `/v1.0/identityGovernance/entitlementManagement/accessPackages`;
    await simulator.call('POST', `${at}/${other.accessPackage}/incompatibleAccessPackages/$ref`, {
      '@odata.id': `${simulator.url}${at}/${complete.accessPackage}`,
    });
    expect(await removed(`accessPackages/${complete.accessPackage}`)).toBe(204);
    const { accessPackages, counts } = await simulator.state();
    expect(accessPackages).toMatchObject([{ id: other.accessPackage, incompatibleWith: [] }]);
    expect(counts).toMatchObject({ policies: 1, roleScopes: 1 });
  });

  test('a package and a policy cannot be deleted while somebody holds them', async () => {
    const { assignment } = await given();
    expect(await refused(`accessPackages/${complete.accessPackage}`)).toEqual([
      400,
      'InvalidRequest',
    ]);
    expect(await refused(`${name.policies}/${complete.policy}`)).toEqual([400, 'InvalidRequest']);
    await takenBack(assignment);
    expect(await removed(`${name.policies}/${complete.policy}`)).toBe(204);
    expect(await removed(`accessPackages/${complete.accessPackage}`)).toBe(204);
  });

  test('a package cannot be deleted while a request is open', async () => {
    await simulator.stop();
    simulator = await startSimulator({ deliveryMs: 60_000 });
    complete = await createCompletePackage(simulator);
    await submit(simulator, complete, 1001);
    expect(await refused(`accessPackages/${complete.accessPackage}`)).toEqual([
      400,
      'InvalidRequest',
    ]);
    expect(await refused(`${name.policies}/${complete.policy}`)).toEqual([400, 'InvalidRequest']);
  });

  test('a role that is removed from a package is removed from its holders', async () => {
    await given();
    const [scope] = (
      await simulator.call('GET', to(`accessPackages/${complete.accessPackage}/${name.roleScopes}`))
    ).body['value'] as { id: string }[];
    await remove(
      `accessPackages/${complete.accessPackage}/${name.roleScopes}/${String(scope?.id)}`,
    );
    expect(await membersOf()).toEqual([]);
  });

  test('a request can be deleted when it is over and has no assignment', async () => {
    const { request, assignment } = await given();
    expect(await refused(`${name.requests}/${request}`)).toEqual([400, 'InvalidRequest']);
    await takenBack(assignment);
    expect(await removed(`${name.requests}/${request}`)).toBe(204);
    expect(await refused(`${name.requests}/${request}`)).toEqual([404, 'ResourceNotFound']);
    expect(await refused(`${name.requests}/${unknownId}`)).toEqual([404, 'ResourceNotFound']);
  });

  test('a package is renamed unless the name is taken, and never moved', async () => {
    await createCompletePackage(simulator, { name: 'Other', catalog: complete.catalog, group: 2 });
    const place = to(`accessPackages/${complete.accessPackage}`);
    const patch = (body: Json): Promise<Answered> => simulator.call('PATCH', place, body);
    const changed = await patch({ displayName: 'Renamed', description: null, isHidden: true });
    expect([changed.status, changed.body]).toEqual([204, {}]);
    expect((await simulator.call('GET', place)).body).toMatchObject({
      displayName: 'Renamed',
      description: null,
      isHidden: true,
    });
    expect(refusal(await patch({ displayName: 'Other' }))).toEqual([409, 'DuplicateAccessPackage']);
    expect(refusal(await patch({ displayName: '' }))).toEqual([400, 'InvalidModel']);
    expect(refusal(await patch({ createdDateTime: '2031-01-01T00:00:00Z' }))).toEqual([
      400,
      'InvalidRequest',
    ]);
    const unknown = await simulator.call('PATCH', to(`accessPackages/${unknownId}`), {});
    expect(refusal(unknown)).toEqual([404, 'ResourceNotFound']);
  });
});

test('A deleted package can be created again with its name', async () => {
  const simulator = await startSimulator();
  const { catalog, accessPackage } = await createCompletePackage(simulator);
  await simulator.call('DELETE', `EM/accessPackages/${accessPackage}`);
  const again = await simulator.call('POST', 'EM/accessPackages', {
    displayName: 'Finance',
    catalog: { id: catalog },
  });
  const policy = await simulator.call(
    'POST',
    'EM/assignmentPolicies',
    v1.policyBody(String(again.body['id'])),
  );
  const complete = { catalog, accessPackage: String(again.body['id']), policy: '', resource: '' };
  const refused = await simulator.call(
    'POST',
    'EM/assignmentRequests',
    v1.requestBody({ ...complete, policy: String(policy.body['id']) }, 1001),
  );
  await simulator.stop();
  // It has no role yet: nothing of the deleted one is left in it.
  expect([again.status, refusal(refused)]).toEqual([201, [400, 'InvalidRequest']]);
});
