import {
  aCatalog,
  aPackage,
  aResource,
  aWholePackage,
  policyBody,
  roleScopeBody,
  type Whole,
} from './build';
import { groupId, refusal, startSimulator, userId, type Json, type Simulator } from './simulator';

/* What the simulator refuses while a package is made: each case is one check, and falls when that check is taken out. */

let simulator: Simulator;
let whole: Whole;
let other: Whole;
const nobody = '99999999-9999-4999-8999-999999999999';

beforeAll(async () => {
  simulator = await startSimulator();
  whole = await aWholePackage(simulator);
  other = await aWholePackage(simulator, { name: 'Other', group: 2 });
});
afterAll(() => simulator.stop());

const post = async (path: string, body: unknown): Promise<unknown> =>
  refusal(await simulator.call('POST', path, body));

const catalogBody = { displayName: 'One', description: null, state: 'published' };
const packageBody = (catalog: string, more: Json = {}): Json => ({
  displayName: 'New',
  description: 'For tests',
  catalog: { id: catalog },
  ...more,
});
const add = (catalog: string, group: string, system = 'AadGroup'): Json => ({
  requestType: 'adminAdd',
  resource: { originId: group, originSystem: system },
  catalog: { id: catalog },
});

const removal = (resource: string): Json => ({
  requestType: 'adminRemove',
  resource: { id: resource },
});

describe('A body', () => {
  const cases: [string, string, () => unknown][] = [
    [
      'with a member that the type does not declare',
      'EM/catalogs',
      () => ({ ...catalogBody, catalogStatus: 'Published' }),
    ],
    [
      'with an undeclared member deep inside',
      'EM/assignmentPolicies',
      () => policyBody(whole.accessPackage, { requestorSettings: { scopeType: 'NoSubjects' } }),
    ],
    [
      'in the spelling of beta',
      'EM/accessPackages',
      () => ({ displayName: 'New', catalogId: whole.catalog }),
    ],
    [
      'with a value outside the enumeration',
      'EM/catalogs',
      () => ({ ...catalogBody, state: 'Published' }),
    ],
    [
      'with text where a Boolean belongs',
      'EM/accessPackages',
      () => packageBody(whole.catalog, { isHidden: 'false' }),
    ],
    [
      'with an object where a collection belongs',
      'EM/assignmentPolicies',
      () => policyBody(whole.accessPackage, { specificAllowedTargets: {} }),
    ],
    ['with a name that is no id', 'EM/accessPackages', () => packageBody('Staff')],
    ['without its display name', 'EM/accessPackages', () => ({ catalog: { id: whole.catalog } })],
    ['without its catalog', 'EM/accessPackages', () => ({ displayName: 'New' })],
    [
      'with a duration that is none',
      'EM/assignmentPolicies',
      () =>
        policyBody(whole.accessPackage, {
          expiration: { type: 'afterDuration', duration: '365 days' },
        }),
    ],
    [
      'with a set of people of no kind',
      'EM/assignmentPolicies',
      () => policyBody(whole.accessPackage, { specificAllowedTargets: [{ userId: userId(1001) }] }),
    ],
    [
      'with a set of people of a foreign kind',
      'EM/assignmentPolicies',
      () =>
        policyBody(whole.accessPackage, {
          specificAllowedTargets: [{ '@odata.type': '#microsoft.graph.user', id: userId(1001) }],
        }),
    ],
    [
      'with a state that only answers may have',
      'EM/catalogs',
      () => ({ ...catalogBody, state: 'unknownFutureValue' }),
    ],
    [
      'with text where an object belongs',
      'EM/accessPackages',
      () => ({ displayName: 'New', catalog: whole.catalog }),
    ],
    [
      'with a set of people of no kind and no member',
      'EM/assignmentPolicies',
      () => policyBody(whole.accessPackage, { specificAllowedTargets: [{}] }),
    ],
    [
      'with null where the metadata forbids it',
      'EM/assignmentPolicies',
      () =>
        policyBody(whole.accessPackage, {
          notificationSettings: { isAssignmentNotificationDisabled: null },
        }),
    ],
    ['that is a list', 'EM/catalogs', () => [catalogBody]],
    [
      'of a policy with chosen targets that names none',
      'EM/assignmentPolicies',
      () => policyBody(whole.accessPackage, { allowedTargetScope: 'specificDirectoryUsers' }),
    ],
  ];
  test.each(cases)('%s is InvalidModel', async (_, path, body) => {
    expect(await post(path, body())).toEqual([400, 'InvalidModel']);
  });

  test('that is no JSON is refused as unreadable', async () => {
    expect(await post('EM/catalogs', '{"displayName":')).toEqual([400, 'BadRequest']);
  });

  test('that is larger than a mebibyte is refused before it is read', async () => {
    const body = { ...catalogBody, description: 'x'.repeat(1_100_000) };
    expect(await post('EM/catalogs', body)).toEqual([413, 'RequestEntityTooLarge']);
  });

  test('of another content type is refused', async () => {
    const answer = await simulator.call('POST', 'EM/catalogs', '<catalog/>', {
      'Content-Type': 'application/xml',
    });
    expect(refusal(answer)).toEqual([415, 'UnsupportedMediaType']);
  });

  test('with a member that v1.0 declares and the simulator leaves out is refused as not simulated', async () => {
    const questions = [
      { '@odata.type': '#microsoft.graph.accessPackageTextInputQuestion', text: 'Why?' },
    ];
    expect(
      await post('EM/assignmentPolicies', policyBody(whole.accessPackage, { questions })),
    ).toEqual([501, 'NotSimulated']);
  });
});

describe('A resource', () => {
  test('for an unknown catalog is forbidden', async () => {
    expect(await post('EM/resourceRequests', add(nobody, groupId(1)))).toEqual([
      403,
      'UnAuthorized',
    ]);
  });
  test('that is an unknown group is not found', async () => {
    expect(await post('EM/resourceRequests', add(whole.catalog, nobody))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('that is an unknown application is not found', async () => {
    expect(
      await post('EM/resourceRequests', add(whole.catalog, groupId(2), 'AadApplication')),
    ).toEqual([404, 'ResourceNotFound']);
  });
  test('that is in the catalog already is refused', async () => {
    expect(await post('EM/resourceRequests', add(whole.catalog, groupId(1)))).toEqual([
      400,
      'ResourceAlreadyOnboarded',
    ]);
  });
  test('that is a role-assignable group is not the caller’s to add', async () => {
    expect(await post('EM/resourceRequests', add(whole.catalog, groupId(22)))).toEqual([
      400,
      'CallerNotResourceOwner',
    ]);
  });
  test('that is a group with dynamic membership is refused', async () => {
    expect(await post('EM/resourceRequests', add(whole.catalog, groupId(21)))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });
  test('that is a group synced from on-premises is refused', async () => {
    expect(await post('EM/resourceRequests', add(whole.catalog, groupId(23)))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });
  test('that is a mail-enabled security group is refused', async () => {
    const edit = (mailEnabled: boolean) =>
      simulator.call('PATCH', `/_control/groups/${groupId(2)}`, { mailEnabled });
    await edit(true);
    const refused = await post('EM/resourceRequests', add(whole.catalog, groupId(2)));
    await edit(false);
    expect(refused).toEqual([400, 'InvalidRequest']);
  });
  test('of a kind that the simulator leaves out is said so', async () => {
    const site = add(whole.catalog, groupId(1), 'SharePointOnline');
    expect(await post('EM/resourceRequests', site)).toEqual([501, 'NotSimulated']);
    const update = { ...add(whole.catalog, groupId(1)), requestType: 'adminUpdate' };
    expect(await post('EM/resourceRequests', update)).toEqual([501, 'NotSimulated']);
  });
  test('that the catalog does not have cannot be removed', async () => {
    expect(await post('EM/resourceRequests', removal(nobody))).toEqual([404, 'ResourceNotFound']);
  });
  test('that no package grants is removed', async () => {
    const catalog = await aCatalog(simulator);
    const resource = await aResource(simulator, catalog, 1);
    const path = `EM/catalogs/${catalog}/resources`;
    expect((await simulator.call('GET', path)).body['value']).toHaveLength(1);
    expect((await simulator.call('POST', 'EM/resourceRequests', removal(resource))).status).toBe(
      201,
    );
    expect((await simulator.call('GET', path)).body['value']).toEqual([]);
  });
  test('that a package still grants cannot be removed', async () => {
    expect(await post('EM/resourceRequests', removal(whole.resource))).toEqual([
      400,
      'InvalidDeleteResourceHasEntitlements',
    ]);
  });
});

describe('An access package', () => {
  test('in an unknown catalog is forbidden', async () => {
    expect(await post('EM/accessPackages', packageBody(nobody))).toEqual([403, 'UnAuthorized']);
  });
  test('with a name that the catalog has already is a duplicate', async () => {
    expect(
      await post('EM/accessPackages', packageBody(whole.catalog, { displayName: 'Finance' })),
    ).toEqual([409, 'DuplicateAccessPackage']);
  });
  test('with a taken name is made where the setting says that names need not be unique', async () => {
    const loose = await startSimulator({ uniqueNames: false });
    const catalog = await aCatalog(loose);
    const ids = [await aPackage(loose, catalog, 'Twin'), await aPackage(loose, catalog, 'Twin')];
    await loose.stop();
    expect(new Set(ids).size).toBe(2);
  });
  test('with a name that another catalog has is made', async () => {
    const catalog = await aCatalog(simulator);
    expect(await aPackage(simulator, catalog, 'Finance')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('A role scope', () => {
  const to = (accessPackage: string): string =>
    `EM/accessPackages/${accessPackage}/resourceRoleScopes`;
  test('of an unknown package is not found', async () => {
    expect(await post(to(nobody), roleScopeBody(whole.resource, 1, 'Owner'))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('of a resource in another catalog is not found', async () => {
    expect(await post(to(whole.accessPackage), roleScopeBody(other.resource, 2))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('that names the group instead of the catalog’s resource is not found', async () => {
    expect(await post(to(whole.accessPackage), roleScopeBody(groupId(1), 1))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('of a role that the resource does not have is RoleNotFound', async () => {
    expect(await post(to(whole.accessPackage), roleScopeBody(whole.resource, 1, 'Guest'))).toEqual([
      404,
      'RoleNotFound',
    ]);
  });
  test('with the scope of another resource is not found', async () => {
    const body = {
      ...roleScopeBody(whole.resource, 1, 'Owner'),
      scope: { originId: groupId(2), originSystem: 'AadGroup' },
    };
    expect(await post(to(whole.accessPackage), body)).toEqual([404, 'ResourceNotFound']);
  });
  test('that the package has already is not added again', async () => {
    expect(await post(to(whole.accessPackage), roleScopeBody(whole.resource, 1))).toEqual([
      409,
      'DuplicateKey',
    ]);
  });
});

describe('A policy', () => {
  test('of an unknown package is not found', async () => {
    expect(await post('EM/assignmentPolicies', policyBody(nobody))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('that requires approval and names no stage is refused', async () => {
    const requestApprovalSettings = { isApprovalRequiredForAdd: true, stages: [] };
    expect(
      await post(
        'EM/assignmentPolicies',
        policyBody(whole.accessPackage, { requestApprovalSettings }),
      ),
    ).toEqual([400, 'InvalidRequest']);
  });
  test('made while another one is being made is DuplicateKey, also for another package', async () => {
    const slow = await startSimulator({ policyMs: 200 });
    const catalog = await aCatalog(slow);
    const packages = [await aPackage(slow, catalog, 'One'), await aPackage(slow, catalog, 'Two')];
    const answers = await Promise.all(
      packages.map((id) => slow.call('POST', 'EM/assignmentPolicies', policyBody(id))),
    );
    await slow.stop();
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused && refusal(refused)).toEqual([409, 'DuplicateKey']);
  });
  test('that assigns by itself is not simulated, rather than taken and not kept', async () => {
    const automaticRequestSettings = { requestAccessForAllowedTargets: true };
    expect(
      await post(
        'EM/assignmentPolicies',
        policyBody(whole.accessPackage, { automaticRequestSettings }),
      ),
    ).toEqual([501, 'NotSimulated']);
  });
  test('cannot be moved to another package', async () => {
    const answer = await simulator.call(
      'PUT',
      `EM/assignmentPolicies/${whole.policy}`,
      policyBody(other.accessPackage),
    );
    expect(refusal(answer)).toEqual([400, 'InvalidRequest']);
  });
  test('is replaced by PUT, not changed by PATCH', async () => {
    const path = `EM/assignmentPolicies/${other.policy}`;
    expect(
      (
        await simulator.call(
          'PUT',
          path,
          policyBody(other.accessPackage, { displayName: 'renamed' }),
        )
      ).body,
    ).toMatchObject({ displayName: 'renamed' });
    expect(refusal(await simulator.call('PATCH', path, { displayName: 'again' }))).toEqual([
      405,
      'MethodNotAllowed',
    ]);
  });
});

describe('An incompatible package', () => {
  const to = (accessPackage: string): string =>
    `EM/accessPackages/${accessPackage}/incompatibleAccessPackages/$ref`;
  const address = (id: string, origin = simulator.url): string =>
    `${origin}/v1.0/identityGovernance/entitlementManagement/accessPackages/${id}`;
  test('that is unknown is not found', async () => {
    expect(await post(to(whole.accessPackage), { '@odata.id': address(nobody) })).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('of an unknown package is not found', async () => {
    expect(await post(to(nobody), { '@odata.id': address(whole.accessPackage) })).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('of another service is InvalidModel', async () => {
    expect(
      await post(to(whole.accessPackage), {
        '@odata.id': address(other.accessPackage, 'https://graph.microsoft.us'),
      }),
    ).toEqual([400, 'InvalidModel']);
  });
  test('described by its properties instead of its address is InvalidModel', async () => {
    expect(
      await post(to(whole.accessPackage), { id: other.accessPackage, displayName: 'Other' }),
    ).toEqual([400, 'InvalidModel']);
  });
  test('cannot be the package itself', async () => {
    expect(
      await post(to(whole.accessPackage), { '@odata.id': address(whole.accessPackage) }),
    ).toEqual([400, 'InvalidRequest']);
  });
});
