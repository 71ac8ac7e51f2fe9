import { readDraftRoots } from '../../../infra/local/graph/draft/routes';
import { aPackage, aWholePackage, create, policyBody, type Whole } from './build';
import {
  aRequest,
  assignmentBody,
  aWholeDraftPackage,
  bind,
  headers,
  packageBody,
  paths,
  post,
  record,
  requestBody,
  told,
} from './build-draft';
import {
  groupId,
  type Json,
  refusal,
  type Simulator,
  smallTenant,
  startSimulator,
  userId,
} from './simulator';

/* What the draft documents refuse: each case is one check, and falls when that check is taken out. */

let simulator: Simulator;
let whole: Whole;
let other: Whole;
let request: string;
let known: Json;
const nobody = '99999999-9999-4999-8999-999999999999';

beforeAll(async () => {
  simulator = await startSimulator({
    draftRoots: readDraftRoots(''),
    tenant: { ...smallTenant, users: [{ employeeId: 'W-1011', accountEnabled: false }] },
  });
  whole = await aWholeDraftPackage(simulator);
  other = await aWholeDraftPackage(simulator, { name: 'Other', group: 2 });
  request = await aRequest(simulator, 'for refusals');
  known = await told(simulator, other.accessPackage);
});
afterAll(() => simulator.stop());

/** Every document, by its path and a body that it takes. */
const documents: [string, () => string, () => Json][] = [
  ['000', () => paths.bind(request), () => packageBody('Finance')],
  ['001', () => paths.packages, () => packageBody('New')],
  ['002', () => paths.incompatible(whole.accessPackage), () => known],
  ['003', () => `${paths.requests}/$ref`, () => requestBody('new')],
  ['004', () => `${paths.assignments}/$ref`, () => assignmentBody(whole, 1001)],
];

describe.each(documents)('Document %s', (document, path, body) => {
  const sent = async (changed: Json, by: Json = headers): Promise<unknown> =>
    refusal(await post(simulator, path(), { ...body(), ...changed }, by));

  test('requires a bearer token', async () => {
    expect(await sent({}, { 'Content-Type': 'application/json' })).toEqual([
      401,
      'InvalidAuthenticationToken',
    ]);
    expect(await sent({}, { ...headers, Authorization: 'for-tests' })).toEqual([
      401,
      'InvalidAuthenticationToken',
    ]);
  });
  test('requires the content type application/json', async () => {
    expect(await sent({}, { ...headers, 'Content-Type': 'text/plain' })).toEqual([
      415,
      'UnsupportedMediaType',
    ]);
    const { Authorization } = headers;
    expect(refusal(await simulator.call('POST', path(), undefined, { Authorization }))).toEqual([
      415,
      'UnsupportedMediaType',
    ]);
  });
  test('refuses a member that it does not declare', async () => {
    expect(await sent({ uniqueName: 'new' })).toEqual([400, 'InvalidModel']);
  });
  test('refuses the type name of another document', async () => {
    const type = document === '003' ? 'Assignment' : 'AssignmentRequest';
    expect(await sent({ '@odata.type': `#microsoft.graph.accessPackage${type}` })).toEqual([
      400,
      'InvalidModel',
    ]);
  });
  test('refuses a value of another type, and a list', async () => {
    const [flag] = ['isHidden', 'isValidationOnly', 'isExtended'].filter((one) => one in body());
    expect(await sent({ [flag ?? '']: 'Boolean' })).toEqual([400, 'InvalidModel']);
    expect(refusal(await post(simulator, path(), [body()]))).toEqual([400, 'InvalidModel']);
  });
});

const without = (body: Json, member: string): Json =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name !== member));

describe('What a document requires', () => {
  test.each([
    'createdBy',
    'createdDateTime',
    'description',
    'displayName',
    'id',
    'isHidden',
    'isRoleScopesVisible',
    'modifiedBy',
    'modifiedDateTime',
  ])('of 002 includes %s', async (member) => {
    const links = paths.incompatible(whole.accessPackage);
    const refused = await post(simulator, links, without(known, member));
    expect(refusal(refused)).toEqual([400, 'InvalidModel']);
  });
  test('of 002 includes the catalog of a package that was made in one', async () => {
    const inCatalog = await aWholePackage(simulator, { name: 'In a catalog' });
    const links = paths.incompatible(whole.accessPackage);
    const body = await told(simulator, inCatalog.accessPackage);
    expect(refusal(await post(simulator, links, without(body, 'catalogId')))).toEqual([
      400,
      'InvalidModel',
    ]);
    expect((await post(simulator, links, body)).status).toBe(204);
  });
  test('of 002 leaves out what a read did not tell: a catalog that came with the first role', async () => {
    const links = paths.incompatible(whole.accessPackage);
    expect((await post(simulator, links, without(known, 'catalogId'))).status).toBe(204);
  });
  test.each(['requestType', 'requestState', 'requestStatus', 'isValidationOnly', 'justification'])(
    'of 003 includes %s',
    async (member) => {
      const refused = await post(
        simulator,
        `${paths.requests}/$ref`,
        without(requestBody('new'), member),
      );
      expect(refusal(refused)).toEqual([400, 'InvalidModel']);
    },
  );
  test.each([
    'catalogId',
    'accessPackageId',
    'assignmentPolicyId',
    'targetId',
    'assignmentStatus',
    'assignmentState',
    'isExtended',
  ])('of 004 includes %s', async (member) => {
    const body = without(assignmentBody(whole, 1001), member);
    const refused = await post(simulator, `${paths.assignments}/$ref`, body);
    expect(refusal(refused)).toEqual([400, 'InvalidModel']);
  });
  test('of 004 includes the end of an assignment whose policy has one', async () => {
    const timed = await aWholeDraftPackage(simulator, {
      name: 'For a year',
      policy: { expiration: { type: 'afterDuration', duration: 'P365D' } },
    });
    expect(refusal(await record(simulator, timed, 1002))).toEqual([400, 'InvalidModel']);
    const expiredDateTime = '2037-01-01T00:00:00Z';
    expect((await record(simulator, timed, 1002, { expiredDateTime })).status).toBe(201);
  });
  test('of a package is its name: 000 and 001 can do nothing without it', async () => {
    const unnamed = without(packageBody('x'), 'displayName');
    for (const path of [paths.packages, paths.bind(request)]) {
      expect(refusal(await post(simulator, path, unnamed))).toEqual([400, 'InvalidModel']);
    }
  });
});

describe('An id', () => {
  test.each(documents.filter(([document]) => document !== '002'))(
    'is not the caller’s to give in %s',
    async (_, path, body) => {
      expect(refusal(await post(simulator, path(), { ...body(), id: nobody }))).toEqual([
        400,
        'InvalidModel',
      ]);
    },
  );
});

describe('A state', () => {
  test('that no new request or assignment has is refused', async () => {
    const requests: Json[] = [{ requestState: 'Delivered' }, { requestStatus: 'Delivered' }];
    for (const more of requests) {
      const refused = await post(simulator, `${paths.requests}/$ref`, requestBody('new', more));
      expect(refusal(refused)).toEqual([400, 'InvalidModel']);
    }
    const assignments: Json[] = [{ assignmentState: 'Expired' }, { assignmentStatus: 'Expired' }];
    for (const more of assignments) {
      expect(refusal(await record(simulator, whole, 1001, more))).toEqual([400, 'InvalidModel']);
    }
  });
});

test('A request of another kind, or only to validate, is not simulated', async () => {
  for (const more of [{ requestType: 'AdminRemove' }, { isValidationOnly: true }]) {
    const refused = await post(simulator, `${paths.requests}/$ref`, requestBody('new', more));
    expect(refusal(refused)).toEqual([501, 'NotSimulated']);
  }
});

describe('A package bound by 000', () => {
  test('must be known by its name', async () => {
    expect(refusal(await bind(simulator, request, 'Unheard of'))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('must be the only one of its name', async () => {
    await aWholePackage(simulator, { name: 'Twin' });
    await aWholePackage(simulator, { name: 'Twin' });
    expect(refusal(await bind(simulator, request, 'Twin'))).toEqual([400, 'InvalidRequest']);
  });
  test('must grant something', async () => {
    await post(simulator, paths.packages, packageBody('Empty'));
    expect(refusal(await bind(simulator, request, 'Empty'))).toEqual([400, 'InvalidRequest']);
  });
  test('must be of a published catalog', async () => {
    await aWholeDraftPackage(simulator, { name: 'Hidden', state: 'unpublished' });
    expect(refusal(await bind(simulator, request, 'Hidden'))).toEqual([400, 'InvalidRequest']);
  });
  test('must have a policy', async () => {
    const bare = await aWholeDraftPackage(simulator, { name: 'Bare' });
    await simulator.call('DELETE', `/_control/policies/${bare.policy}`);
    expect(refusal(await bind(simulator, request, 'Bare'))).toEqual([404, 'ResourceNotFound']);
  });
  test('goes to a request that is known', async () => {
    expect(refusal(await bind(simulator, nobody, 'Finance'))).toEqual([404, 'ResourceNotFound']);
    expect(refusal(await bind(simulator, 'for-refusals', 'Finance'))).toEqual([
      400,
      'InvalidFilter',
    ]);
  });
});

describe('An incompatible package of 002', () => {
  test('must be known, and to a package that is known', async () => {
    const links = paths.incompatible(whole.accessPackage);
    expect(refusal(await post(simulator, links, { ...known, id: nobody }))).toEqual([
      404,
      'ResourceNotFound',
    ]);
    expect(refusal(await post(simulator, paths.incompatible(nobody), known))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('cannot be the package itself', async () => {
    const links = paths.incompatible(other.accessPackage);
    expect(refusal(await post(simulator, links, known))).toEqual([400, 'InvalidRequest']);
  });
});

describe('An assignment of 004', () => {
  const cases: [string, () => Json, [number, string]][] = [
    ['of an unknown package', () => ({ accessPackageId: nobody }), [404, 'ResourceNotFound']],
    ['under an unknown policy', () => ({ assignmentPolicyId: nobody }), [404, 'ResourceNotFound']],
    [
      'under a policy of another package',
      () => ({ assignmentPolicyId: other.policy }),
      [404, 'ResourceNotFound'],
    ],
    [
      'in a catalog that is not the package’s',
      () => ({ catalogId: other.catalog }),
      [404, 'ResourceNotFound'],
    ],
    ['to an unknown person', () => ({ targetId: userId(1999) }), [400, 'SubjectNotFound']],
    ['to a disabled account', () => ({ targetId: userId(1011) }), [400, 'InvalidRequest']],
    ['to a worker number', () => ({ targetId: 'W-1001' }), [400, 'InvalidModel']],
    ['until a day that is none', () => ({ expiredDateTime: 'next May' }), [400, 'InvalidModel']],
  ];
  test.each(cases)('%s is refused', async (_, changed, refused) => {
    expect(refusal(await record(simulator, whole, 1001, changed()))).toEqual(refused);
  });
  test('to somebody whom the policy leaves out is refused', async () => {
    const policy = await create(
      simulator,
      'EM/assignmentPolicies',
      policyBody(whole.accessPackage, {
        allowedTargetScope: 'specificDirectoryUsers',
        specificAllowedTargets: [
          { '@odata.type': '#microsoft.graph.groupMembers', groupId: groupId(2) },
        ],
      }),
    );
    expect(refusal(await record(simulator, { ...whole, policy }, 1001))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });
  test('of a package that grants nothing is refused', async () => {
    const accessPackage = await aPackage(simulator, whole.catalog, 'No role');
    const policy = await create(simulator, 'EM/assignmentPolicies', policyBody(accessPackage));
    expect(refusal(await record(simulator, { ...whole, accessPackage, policy }, 1001))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });
});

describe('A route as an example has it, where the route line has another', () => {
  test.each([
    ['003 without $ref', paths.requests, () => requestBody('new')],
    ['004 without $ref', paths.assignments, () => assignmentBody(whole, 1003)],
  ])('%s makes nothing', async (_, path, body) => {
    const before = (await simulator.state()).counts;
    const { status } = await post(simulator, path, body());
    expect(status).toBeGreaterThanOrEqual(400);
    expect((await simulator.state()).counts).toEqual(before);
  });
});

test('None of the documents is served by a simulator that was not asked for the draft dialect', async () => {
  const published = await startSimulator();
  const answers = await Promise.all(
    documents
      .filter(([document]) => document !== '001')
      .map(([, path, body]) => post(published, path(), body())),
  );
  const withoutCatalog = await post(published, paths.packages, packageBody('New'));
  await published.stop();
  for (const answer of answers) expect(refusal(answer)).toEqual([404, '']);
  expect(refusal(withoutCatalog)).toEqual([400, 'InvalidModel']);
});
