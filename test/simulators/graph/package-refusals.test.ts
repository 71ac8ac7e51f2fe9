import {
  addResource,
  beta,
  type CompletePackage,
  create,
  createCatalog,
  createCompletePackage,
  createPackage,
  v1,
} from './packages';
import {
  groupId,
  type Json,
  refusal,
  sharedSimulator,
  startSimulator,
  unknownId,
  userId,
  valuesOf,
} from './simulator';

/* What is refused while a catalog, its resources, a package and its policy are created. Each case is one check. */

const simulator = sharedSimulator();

const sets = {
  untyped: [{}],
  foreign: [{ '@odata.type': '#microsoft.graph.user', id: userId(1001) }],
  singleUser: (member: string) => [
    { '@odata.type': '#microsoft.graph.singleUser', [member]: userId(1001) },
  ],
};

type Setup = { complete: CompletePackage; other: CompletePackage };
type Collection = 'catalogs' | 'packages' | 'policies' | 'resourceRequests' | 'roleScopes';
type BodyCase = [title: string, path: Collection, body: (setup: Setup) => unknown];

const inV1: BodyCase[] = [
  [
    'with an undeclared member',
    'catalogs',
    () => v1.catalogBody('published', { catalogStatus: 'Published' }),
  ],
  [
    'with a nested undeclared member',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, { requestorSettings: { scopeType: 'NoSubjects' } }),
  ],
  [
    'in the spelling of beta',
    'packages',
    ({ complete }) => ({ displayName: 'New', catalogId: complete.catalog }),
  ],
  ['with a value outside the enumeration', 'catalogs', () => v1.catalogBody('Published')],
  [
    'with text for a Boolean',
    'packages',
    ({ complete }) => v1.packageBody(complete.catalog, 'New', { isHidden: 'false' }),
  ],
  [
    'with an object for a collection',
    'policies',
    ({ complete }) => v1.policyBody(complete.accessPackage, { specificAllowedTargets: {} }),
  ],
  ['with a name for an id', 'packages', () => v1.packageBody('Staff', 'New')],
  ['without a display name', 'packages', ({ complete }) => ({ catalog: { id: complete.catalog } })],
  ['without a catalog', 'packages', () => ({ displayName: 'New' })],
  [
    'with an invalid duration',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, {
        expiration: { type: 'afterDuration', duration: '365 days' },
      }),
  ],
  [
    'with a lifetime above 3,660 days',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, {
        expiration: { type: 'afterDuration', duration: 'P3661D' },
      }),
  ],
  [
    'with a manager of the third level',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, {
        requestApprovalSettings: {
          isApprovalRequiredForAdd: true,
          stages: [
            {
              durationBeforeAutomaticDenial: 'P14D',
              primaryApprovers: [
                { '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 3 },
              ],
            },
          ],
        },
      }),
  ],
  [
    'with a set of people without a type',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, {
        specificAllowedTargets: [{ userId: userId(1001) }],
      }),
  ],
  [
    'with a set of people of another type',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, { specificAllowedTargets: sets.foreign }),
  ],
  ['with a state that only answers have', 'catalogs', () => v1.catalogBody('unknownFutureValue')],
  [
    'with text for an object',
    'packages',
    ({ complete }) => ({ displayName: 'New', catalog: complete.catalog }),
  ],
  [
    'with an empty set of people without a type',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, { specificAllowedTargets: sets.untyped }),
  ],
  [
    'with a forbidden null',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, {
        notificationSettings: { isAssignmentNotificationDisabled: null },
      }),
  ],
  ['that is an array', 'catalogs', () => [v1.catalogBody()]],
  [
    'of a policy for specific users that names none',
    'policies',
    ({ complete }) =>
      v1.policyBody(complete.accessPackage, { allowedTargetScope: 'specificDirectoryUsers' }),
  ],
];

const inBeta: BodyCase[] = [
  [
    'of a catalog in the spelling of v1.0',
    'catalogs',
    () => ({ displayName: 'x', state: 'published' }),
  ],
  [
    'of a catalog with a status in lower case',
    'catalogs',
    () => ({ displayName: 'x', catalogStatus: 'published' }),
  ],
  [
    'of a package in the spelling of v1.0',
    'packages',
    ({ complete }) => v1.packageBody(complete.catalog, 'x'),
  ],
  ['of a package without a catalog', 'packages', () => ({ displayName: 'x' })],
  [
    'of a package with two catalogs',
    'packages',
    ({ complete, other }) =>
      beta.packageBody(complete.catalog, 'x', { accessPackageCatalog: { id: other.catalog } }),
  ],
  [
    'of a package with text for a Boolean',
    'packages',
    ({ complete }) => beta.packageBody(complete.catalog, 'x', { isHidden: 'false' }),
  ],
  [
    'of a resource request in the spelling of v1.0',
    'resourceRequests',
    () => ({ requestType: 'AdminAdd', resource: {}, catalog: {} }),
  ],
  [
    'of a resource request with a type in lower case',
    'resourceRequests',
    ({ complete }) =>
      beta.resourceBody(
        complete.catalog,
        { originId: groupId(2), originSystem: 'AadGroup' },
        { requestType: 'adminAdd' },
      ),
  ],
  ['of a role scope in the spelling of v1.0', 'roleScopes', () => ({ role: {}, scope: {} })],
  [
    'of a policy in the spelling of v1.0',
    'policies',
    ({ complete }) =>
      beta.policyBody(complete.accessPackage, { allowedTargetScope: 'notSpecified' }),
  ],
  [
    'of a policy with a nested member of v1.0',
    'policies',
    ({ complete }) =>
      beta.policyBody(complete.accessPackage, {
        requestApprovalSettings: { isApprovalRequiredForAdd: false },
      }),
  ],
  [
    'of a policy with an unknown scope type',
    'policies',
    ({ complete }) =>
      beta.policyBody(complete.accessPackage, { requestorSettings: { scopeType: 'Everybody' } }),
  ],
  [
    'of a policy for specific users that names none',
    'policies',
    ({ complete }) =>
      beta.policyBody(complete.accessPackage, {
        requestorSettings: { scopeType: 'SpecificDirectorySubjects', allowedRequestors: [] },
      }),
  ],
  [
    'of a policy with a user in the members of v1.0',
    'policies',
    ({ complete }) =>
      beta.policyBody(complete.accessPackage, {
        requestorSettings: {
          scopeType: 'SpecificDirectorySubjects',
          allowedRequestors: sets.singleUser('userId'),
        },
      }),
  ],
  [
    'of a policy with an unknown approval mode',
    'policies',
    ({ complete }) =>
      beta.policyBody(complete.accessPackage, {
        requestApprovalSettings: { isApprovalRequired: true, approvalMode: 'Sometimes' },
      }),
  ],
  [
    'of a policy with a duration of v1.0',
    'policies',
    ({ complete }) => beta.policyBody(complete.accessPackage, { durationInDays: 'P30D' }),
  ],
];

describe.each([
  ['v1.0', v1, inV1],
  ['beta', beta, inBeta],
])('In %s', (_, wire, bodyCases) => {
  let setup: Setup;
  let complete: CompletePackage;
  let other: CompletePackage;
  let scopes: string;
  beforeAll(async () => {
    complete = await createCompletePackage(simulator, {}, wire);
    other = await createCompletePackage(simulator, { name: 'Other', group: 2 }, wire);
    setup = { complete, other };
    scopes = `${wire.packages}/${complete.accessPackage}/${wire.roleScopes}`;
  });

  const post = async (path: string, body: unknown): Promise<unknown> =>
    refusal(await simulator.call('POST', path, body));
  const postPolicy = (more: Json): Promise<unknown> =>
    post(wire.policies, wire.policyBody(complete.accessPackage, more));
  const addition = (originId: string, more: Json = {}, system = 'AadGroup'): Json =>
    wire.resourceBody(complete.catalog, { originId, originSystem: system }, more);

  describe('A body', () => {
    test.each(bodyCases)('%s is InvalidModel', async (_title, path, body) => {
      const address = path === 'roleScopes' ? scopes : wire[path];
      expect(await post(address, body(setup))).toEqual([400, 'InvalidModel']);
    });
    test('that is not JSON is refused as unreadable', async () => {
      expect(await post(wire.catalogs, '{"displayName":')).toEqual([400, 'BadRequest']);
    });
    test('over one mebibyte is refused before it is read', async () => {
      const body = wire.catalogBody('published', { description: 'x'.repeat(1_100_000) });
      expect(await post(wire.catalogs, body)).toEqual([413, 'RequestEntityTooLarge']);
    });
    test('of another content type is refused', async () => {
      const answer = await simulator.call('POST', wire.catalogs, '<catalog/>', {
        'Content-Type': 'application/xml',
      });
      expect(refusal(answer)).toEqual([415, 'UnsupportedMediaType']);
    });
    test('with a declared member that is not simulated is refused as not simulated', async () => {
      const type = '#microsoft.graph.accessPackageTextInputQuestion';
      const questions = [{ '@odata.type': type, text: 'Why?' }];
      expect(await postPolicy({ questions })).toEqual([501, 'NotSimulated']);
    });
  });

  describe('A resource', () => {
    test.each<[string, () => Json, [number, string]]>([
      ['for an unknown group', () => addition(unknownId), [404, 'ResourceNotFound']],
      [
        'for an unknown application',
        () => addition(groupId(2), {}, 'AadApplication'),
        [404, 'ResourceNotFound'],
      ],
      ['already in the catalog', () => addition(groupId(1)), [400, 'ResourceAlreadyOnboarded']],
      ['role-assignable', () => addition(groupId(22)), [400, 'CallerNotResourceOwner']],
      ['with dynamic membership', () => addition(groupId(21)), [400, 'InvalidRequest']],
      ['synced from on-premises', () => addition(groupId(23)), [400, 'InvalidRequest']],
      ['in SharePoint', () => addition(groupId(1), {}, 'SharePointOnline'), [501, 'NotSimulated']],
      [
        'by another type of request',
        () => addition(groupId(1), { requestType: wire.spell('adminUpdate') }),
        [501, 'NotSimulated'],
      ],
      [
        'in an unknown catalog',
        () => wire.resourceBody(unknownId, { originId: groupId(1), originSystem: 'AadGroup' }),
        [403, 'UnAuthorized'],
      ],
      ['removed, but unknown', () => wire.removalBody(unknownId), [404, 'ResourceNotFound']],
      [
        'removed, but granted by a package',
        () => wire.removalBody(complete.resource),
        [400, 'InvalidDeleteResourceHasEntitlements'],
      ],
    ])('%s is refused', async (_title, body, refused) => {
      expect(await post(wire.resourceRequests, body())).toEqual(refused);
    });
    test('that is a mail-enabled security group is refused', async () => {
      const edit = (mailEnabled: boolean) =>
        simulator.call('PATCH', `/_control/groups/${groupId(2)}`, { mailEnabled });
      await edit(true);
      const refused = await post(wire.resourceRequests, addition(groupId(2)));
      await edit(false);
      expect(refused).toEqual([400, 'InvalidRequest']);
    });
    test('that no package grants is removed', async () => {
      const catalog = await createCatalog(simulator, 'published', wire);
      const resource = await addResource(simulator, catalog, 1, wire);
      const path = `${wire.catalogs}/${catalog}/${wire.resources}`;
      expect(valuesOf(await simulator.call('GET', path))).toHaveLength(1);
      await create(simulator, wire.resourceRequests, wire.removalBody(resource));
      expect(valuesOf(await simulator.call('GET', path))).toEqual([]);
    });
  });

  describe('An access package', () => {
    test('in an unknown catalog is forbidden', async () => {
      const body = wire.packageBody(unknownId, 'New');
      expect(await post(wire.packages, body)).toEqual([403, 'UnAuthorized']);
    });
    test('with a name that exists in the catalog is a duplicate', async () => {
      const body = wire.packageBody(complete.catalog, 'Finance');
      expect(await post(wire.packages, body)).toEqual([409, 'DuplicateAccessPackage']);
    });
    test('with a name that exists in another catalog is created', async () => {
      const catalog = await createCatalog(simulator, 'published', wire);
      const id = await createPackage(simulator, catalog, 'Finance', wire);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
    });
    test('with an existing name is created if names need not be unique', async () => {
      const loose = await startSimulator({ uniqueNames: false });
      const catalog = await createCatalog(loose, 'published', wire);
      const ids = [
        await createPackage(loose, catalog, 'Twin', wire),
        await createPackage(loose, catalog, 'Twin', wire),
      ];
      await loose.stop();
      expect(new Set(ids).size).toBe(2);
    });
  });

  describe('A role scope', () => {
    test.each<[string, () => Json, [number, string]]>([
      [
        'of a resource in another catalog',
        () => wire.roleScopeBody(other.resource, 2),
        [404, 'ResourceNotFound'],
      ],
      [
        'of a group id instead of a resource id',
        () => wire.roleScopeBody(groupId(1), 1),
        [404, 'ResourceNotFound'],
      ],
      [
        'of a role that the resource lacks',
        () => wire.roleScopeBody(complete.resource, 1, 'Guest'),
        [404, 'RoleNotFound'],
      ],
      [
        'that the package has already',
        () => wire.roleScopeBody(complete.resource, 1),
        [409, 'DuplicateKey'],
      ],
      [
        'with the scope of another resource',
        () => {
          const scope = wire === v1 ? 'scope' : 'accessPackageResourceScope';
          const owner = wire.roleScopeBody(complete.resource, 1, 'Owner');
          return { ...owner, [scope]: wire.roleScopeBody(other.resource, 2)[scope] };
        },
        [404, 'ResourceNotFound'],
      ],
    ])('%s is refused', async (_title, body, refused) => {
      expect(await post(scopes, body())).toEqual(refused);
    });
    test('of an unknown package is not found', async () => {
      const path = scopes.replace(complete.accessPackage, unknownId);
      const body = wire.roleScopeBody(complete.resource, 1, 'Owner');
      expect(await post(path, body)).toEqual([404, 'ResourceNotFound']);
    });
  });

  describe('A policy', () => {
    test('of an unknown package is not found', async () => {
      expect(await post(wire.policies, wire.policyBody(unknownId))).toEqual([
        404,
        'ResourceNotFound',
      ]);
    });
    test('that requires approval without a stage is refused', async () => {
      const required =
        wire === v1
          ? { isApprovalRequiredForAdd: true, stages: [] }
          : { isApprovalRequired: true, approvalMode: 'SingleStage' };
      const refused = await postPolicy({ requestApprovalSettings: required });
      expect(refused).toEqual([400, 'InvalidRequest']);
    });
    test('created during another creation is DuplicateKey, even for another package', async () => {
      const slow = await startSimulator({ policyMs: 200 });
      const catalog = await createCatalog(slow, 'published', wire);
      const packages = [
        await createPackage(slow, catalog, 'One', wire),
        await createPackage(slow, catalog, 'Two', wire),
      ];
      const answers = await Promise.all(
        packages.map((id) => slow.call('POST', wire.policies, wire.policyBody(id))),
      );
      await slow.stop();
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
      const refused = answers.find(({ status }) => status === 409);
      expect(refused && refusal(refused)).toEqual([409, 'DuplicateKey']);
    });
    test('cannot be moved to another package', async () => {
      const path = `${wire.policies}/${complete.policy}`;
      const answer = await simulator.call('PUT', path, wire.policyBody(other.accessPackage));
      expect(refusal(answer)).toEqual([400, 'InvalidRequest']);
    });
    test('is replaced by PUT and cannot be changed by PATCH', async () => {
      const path = `${wire.policies}/${other.policy}`;
      const renamed = wire.policyBody(other.accessPackage, { displayName: 'renamed' });
      expect((await simulator.call('PUT', path, renamed)).body).toMatchObject({
        displayName: 'renamed',
      });
      const filter = encodeURIComponent(`accessPackage/id eq '${other.accessPackage}'`);
      const found = valuesOf(await simulator.call('GET', `${wire.policies}?$filter=${filter}`));
      expect(found).toMatchObject([{ id: other.policy, displayName: 'renamed' }]);
      expect(refusal(await simulator.call('PATCH', path, { displayName: 'again' }))).toEqual([
        405,
        'MethodNotAllowed',
      ]);
    });
  });

  describe('An incompatible package', () => {
    const to = (accessPackage: string): string =>
      `${wire.packages}/${accessPackage}/incompatibleAccessPackages/$ref`;
    const address = (id: string, { origin = simulator.url, version = wire.version } = {}) => ({
      '@odata.id': `${origin}/${version}/identityGovernance/entitlementManagement/accessPackages/${id}`,
    });
    const otherVersion = wire === v1 ? 'beta' : 'v1.0';
    test.each<[string, () => Json, [number, string]]>([
      ['that is unknown', () => address(unknownId), [404, 'ResourceNotFound']],
      [
        'of another service',
        () => address(other.accessPackage, { origin: 'https://graph.microsoft.us' }),
        [400, 'InvalidModel'],
      ],
      [
        'in another version',
        () => address(other.accessPackage, { version: otherVersion }),
        [400, 'InvalidModel'],
      ],
      [
        'with properties instead of an address',
        () => ({ id: other.accessPackage, displayName: 'Other' }),
        [400, 'InvalidModel'],
      ],
      [
        'that is the package itself',
        () => address(complete.accessPackage),
        [400, 'InvalidRequest'],
      ],
    ])('%s is refused', async (_title, body, refused) => {
      expect(await post(to(complete.accessPackage), body())).toEqual(refused);
    });
    test('of an unknown package is not found', async () => {
      const refused = await post(to(unknownId), address(complete.accessPackage));
      expect(refused).toEqual([404, 'ResourceNotFound']);
    });
  });
});

test.each<[string, Json]>([
  [
    'an approval that is required and has none',
    {
      requestApprovalSettings: {
        isApprovalRequired: true,
        approvalMode: 'NoApproval',
        approvalStages: [{ primaryApprovers: [] }],
      },
    },
  ],
  [
    'both a duration and an end',
    { durationInDays: 30, expirationDateTime: '2031-05-31T00:00:00Z' },
  ],
  ['a negative duration', { durationInDays: -1 }],
])('A policy of beta with %s is refused', async (_, more) => {
  const { accessPackage } = await createCompletePackage(simulator, {}, beta);
  const answer = await simulator.call('POST', beta.policies, beta.policyBody(accessPackage, more));
  expect(refusal(answer)).toEqual([400, 'InvalidRequest']);
});
