import { readDraftRoots } from '../../../infra/local/graph/draft/routes';
import {
  bindPackage,
  type CompletePackage,
  create,
  createCompletePackage,
  createDraftPackage,
  createDraftRequest,
  createPackage,
  draftAssignmentBody,
  draftHeaders,
  draftPackageBody,
  draftPaths,
  draftRequestBody,
  postDraft,
  readPackage,
  recordAssignment,
  shownPackage,
  v1,
} from './packages';
import {
  sharedSimulator,
  groupId,
  type Json,
  refusal,
  smallTenant,
  startSimulator,
  unknownId,
  userId,
} from './simulator';

/* What the draft documents refuse: each case is one check, and falls when that check is taken out. */

const simulator = sharedSimulator({
  draftRoots: readDraftRoots(''),
  tenant: { ...smallTenant, users: [{ employeeId: 'W-1011', accountEnabled: false }] },
});
let complete: CompletePackage;
let other: CompletePackage;
let request: string;
let known: Json;

beforeAll(async () => {
  complete = await createDraftPackage(simulator);
  other = await createDraftPackage(simulator, { name: 'Other', group: 2 });
  request = await createDraftRequest(simulator, 'for refusals');
  known = await shownPackage(simulator, other.accessPackage);
});

/** Every document, by its path and a body that it takes. */
const documents: [string, () => string, () => Json][] = [
  ['000', () => draftPaths.bind(request), () => draftPackageBody('Finance')],
  ['001', () => draftPaths.packages, () => draftPackageBody('New')],
  ['002', () => draftPaths.incompatible(complete.accessPackage), () => known],
  ['003', () => `${draftPaths.requests}/$ref`, () => draftRequestBody('new')],
  ['004', () => `${draftPaths.assignments}/$ref`, () => draftAssignmentBody(complete, 1001)],
];

describe.each(documents)('Document %s', (document, path, body) => {
  const sent = async (changed: Json, by: Json = draftHeaders): Promise<unknown> =>
    refusal(await postDraft(simulator, path(), { ...body(), ...changed }, by));

  test('requires a bearer token', async () => {
    expect(await sent({}, { 'Content-Type': 'application/json' })).toEqual([
      401,
      'InvalidAuthenticationToken',
    ]);
    expect(await sent({}, { ...draftHeaders, Authorization: 'for-tests' })).toEqual([
      401,
      'InvalidAuthenticationToken',
    ]);
  });
  test('requires the content type application/json', async () => {
    expect(await sent({}, { ...draftHeaders, 'Content-Type': 'text/plain' })).toEqual([
      415,
      'UnsupportedMediaType',
    ]);
    const { Authorization } = draftHeaders;
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
    expect(refusal(await postDraft(simulator, path(), [body()]))).toEqual([400, 'InvalidModel']);
  });
});

const without = (body: Json, member: string): Json =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name !== member));

describe('What a document requires', () => {
  test.each([
    'catalogId',
    'createdBy',
    'description',
    'displayName',
    'isHidden',
    'isRoleScopesVisible',
    'modifiedBy',
  ])('of 002 includes %s', async (member) => {
    const links = draftPaths.incompatible(complete.accessPackage);
    const refused = await postDraft(simulator, links, without(known, member));
    expect(refusal(refused)).toEqual([400, 'InvalidModel']);
  });
  test('of 002 includes a catalog that is the package’s, also of a package that entered it with its first role', async () => {
    const links = draftPaths.incompatible(complete.accessPackage);
    for (const catalogId of [null, 'a name']) {
      expect(refusal(await postDraft(simulator, links, { ...known, catalogId }))).toEqual([
        400,
        'InvalidModel',
      ]);
    }
    const elsewhere = { ...known, catalogId: complete.catalog };
    expect(refusal(await postDraft(simulator, links, elsewhere))).toEqual([
      404,
      'ResourceNotFound',
    ]);
    expect((await postDraft(simulator, links, known)).status).toBe(204);
  });
  test.each([
    'requestType',
    'requestState',
    'requestStatus',
    'isValidationOnly',
    'completedDate',
    'expirationDateTime',
    'justification',
  ])('of 003 includes %s', async (member) => {
    const refused = await postDraft(
      simulator,
      `${draftPaths.requests}/$ref`,
      without(draftRequestBody('new'), member),
    );
    expect(refusal(refused)).toEqual([400, 'InvalidModel']);
  });
  test.each([
    'catalogId',
    'accessPackageId',
    'assignmentPolicyId',
    'targetId',
    'assignmentStatus',
    'assignmentState',
    'isExtended',
    'expiredDateTime',
  ])('of 004 includes %s', async (member) => {
    const body = without(draftAssignmentBody(complete, 1001), member);
    const refused = await postDraft(simulator, `${draftPaths.assignments}/$ref`, body);
    expect(refusal(refused)).toEqual([400, 'InvalidModel']);
  });
  test('of 004 includes the end of an assignment whose policy has one', async () => {
    const timed = await createDraftPackage(simulator, {
      name: 'For a year',
      policy: { expiration: { type: 'afterDuration', duration: 'P365D' } },
    });
    expect(refusal(await recordAssignment(simulator, timed, 1002))).toEqual([400, 'InvalidModel']);
    const expiredDateTime = '2037-01-01T00:00:00Z';
    expect((await recordAssignment(simulator, timed, 1002, { expiredDateTime })).status).toBe(201);
  });
  test.each(['displayName', 'description', 'isHidden'])(
    'of 000 and 001 includes %s',
    async (member) => {
      const body = without(draftPackageBody('x'), member);
      for (const path of [draftPaths.packages, draftPaths.bind(request)]) {
        expect(refusal(await postDraft(simulator, path, body))).toEqual([400, 'InvalidModel']);
      }
    },
  );
  test('is no end in the past', async () => {
    const past = '2016-12-31T23:57:21.3858094+03:00';
    const requested = draftRequestBody('new', { expirationDateTime: past });
    expect(refusal(await postDraft(simulator, `${draftPaths.requests}/$ref`, requested))).toEqual([
      400,
      'InvalidModel',
    ]);
    expect(
      refusal(await recordAssignment(simulator, complete, 1001, { expiredDateTime: past })),
    ).toEqual([400, 'InvalidModel']);
  });
});

describe('What an example does not have', () => {
  const more: [string, Json][] = [
    ['000', { createdDateTime: '2016-12-31T23:57:56Z' }],
    ['001', { modifiedDateTime: '2016-12-31T23:57:56Z' }],
    ['002', { id: unknownId }],
    ['003', { id: unknownId }],
    ['003', { createdDateTime: '2016-12-31T23:57:56Z' }],
    ['004', { id: unknownId }],
  ];
  test.each(more)('is refused in %s: %j', async (number, members) => {
    const [, path = () => '', body = () => ({})] =
      documents.find(([document]) => document === number) ?? [];
    expect(refusal(await postDraft(simulator, path(), { ...body(), ...members }))).toEqual([
      400,
      'InvalidModel',
    ]);
  });
});

describe('By the tables and without null', () => {
  const byTable = sharedSimulator({
    draftRoots: readDraftRoots(''),
    draftMembers: 'table',
    draftNulls: 'refuse',
    tenant: smallTenant,
  });
  const dates = {
    completedDate: '2026-11-20T09:30:00Z',
    expirationDateTime: '2036-01-01T00:00:00Z',
  };
  const tableRequest = (more: Json = {}): Json =>
    draftRequestBody('by the table', {
      ...{ id: unknownId, createdDateTime: '2026-11-20T09:30:00Z', ...dates },
      ...more,
    });
  const posted = (body: Json) => postDraft(byTable, `${draftPaths.requests}/$ref`, body);

  test.each(['id', 'createdDateTime', 'completedDate', 'expirationDateTime', 'justification'])(
    '003 includes %s, with a value',
    async (member) => {
      for (const body of [without(tableRequest(), member), tableRequest({ [member]: null })]) {
        expect(refusal(await posted(body))).toEqual([400, 'InvalidModel']);
      }
    },
  );
  test('003 keeps the id that it is given, and refuses a second request with it', async () => {
    expect(await posted(tableRequest())).toMatchObject({ status: 201, body: { id: unknownId } });
    expect(refusal(await posted(tableRequest()))).toEqual([409, 'DuplicateKey']);
    expect(refusal(await posted(tableRequest({ id: 'one' })))).toEqual([400, 'InvalidModel']);
  });
  test('002 and 004 include an id, and 004 keeps it', async () => {
    const one = await createDraftPackage(byTable, { name: 'One' });
    const two = await createDraftPackage(byTable, { name: 'Two', group: 2 });
    const links = draftPaths.incompatible(one.accessPackage);
    const body = await readPackage(byTable, two.accessPackage);
    expect(refusal(await postDraft(byTable, links, without(body, 'id')))).toEqual([
      400,
      'InvalidModel',
    ]);
    expect((await postDraft(byTable, links, body)).status).toBe(204);
    const expiredDateTime = '2036-01-01T00:00:00Z';
    expect(refusal(await recordAssignment(byTable, one, 1001, { expiredDateTime }))).toEqual([
      400,
      'InvalidModel',
    ]);
    const recorded = await recordAssignment(byTable, one, 1001, { expiredDateTime, id: unknownId });
    expect(recorded).toMatchObject({ status: 201, body: { id: unknownId } });
  });
});

describe('A state', () => {
  test('that a new request or assignment cannot have is refused', async () => {
    const requests: Json[] = [{ requestState: 'Delivered' }, { requestStatus: 'Delivered' }];
    for (const more of requests) {
      const refused = await postDraft(
        simulator,
        `${draftPaths.requests}/$ref`,
        draftRequestBody('new', more),
      );
      expect(refusal(refused)).toEqual([400, 'InvalidModel']);
    }
    const assignments: Json[] = [{ assignmentState: 'Expired' }, { assignmentStatus: 'Expired' }];
    for (const more of assignments) {
      expect(refusal(await recordAssignment(simulator, complete, 1001, more))).toEqual([
        400,
        'InvalidModel',
      ]);
    }
  });
});

test('A request of another kind, or only to validate, is not simulated', async () => {
  for (const more of [{ requestType: 'AdminRemove' }, { isValidationOnly: true }]) {
    const refused = await postDraft(
      simulator,
      `${draftPaths.requests}/$ref`,
      draftRequestBody('new', more),
    );
    expect(refusal(refused)).toEqual([501, 'NotSimulated']);
  }
});

describe('A package bound by 000', () => {
  test('must exist by its name', async () => {
    expect(refusal(await bindPackage(simulator, request, 'Unheard of'))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('must be the only one with its name', async () => {
    await createCompletePackage(simulator, { name: 'Twin' });
    await createCompletePackage(simulator, { name: 'Twin' });
    expect(refusal(await bindPackage(simulator, request, 'Twin'))).toEqual([400, 'InvalidRequest']);
  });
  test('must have a role', async () => {
    await postDraft(simulator, draftPaths.packages, draftPackageBody('Empty'));
    expect(refusal(await bindPackage(simulator, request, 'Empty'))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });
  test('must be in a published catalog', async () => {
    await createDraftPackage(simulator, { name: 'Hidden', state: 'unpublished' });
    expect(refusal(await bindPackage(simulator, request, 'Hidden'))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });
  test('must have a policy', async () => {
    const bare = await createDraftPackage(simulator, { name: 'Bare' });
    await simulator.call('DELETE', `/_control/policies/${bare.policy}`);
    expect(refusal(await bindPackage(simulator, request, 'Bare'))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('is bound to an existing request', async () => {
    expect(refusal(await bindPackage(simulator, unknownId, 'Finance'))).toEqual([
      404,
      'ResourceNotFound',
    ]);
    expect(refusal(await bindPackage(simulator, 'for-refusals', 'Finance'))).toEqual([
      400,
      'InvalidFilter',
    ]);
  });
});

describe('An incompatible package of 002', () => {
  test('must exist, and so must the other one', async () => {
    const links = draftPaths.incompatible(complete.accessPackage);
    expect(refusal(await postDraft(simulator, links, { ...known, displayName: 'None' }))).toEqual([
      404,
      'ResourceNotFound',
    ]);
    expect(refusal(await postDraft(simulator, draftPaths.incompatible(unknownId), known))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('cannot be the package itself', async () => {
    const links = draftPaths.incompatible(other.accessPackage);
    expect(refusal(await postDraft(simulator, links, known))).toEqual([400, 'InvalidRequest']);
  });
});

describe('An assignment of 004', () => {
  const cases: [string, () => Json, [number, string]][] = [
    ['of an unknown package', () => ({ accessPackageId: unknownId }), [404, 'ResourceNotFound']],
    [
      'under an unknown policy',
      () => ({ assignmentPolicyId: unknownId }),
      [404, 'ResourceNotFound'],
    ],
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
    expect(refusal(await recordAssignment(simulator, complete, 1001, changed()))).toEqual(refused);
  });
  test('to a person outside the policy is refused', async () => {
    const policy = await create(
      simulator,
      'EM/assignmentPolicies',
      v1.policyBody(complete.accessPackage, {
        allowedTargetScope: 'specificDirectoryUsers',
        specificAllowedTargets: [
          { '@odata.type': '#microsoft.graph.groupMembers', groupId: groupId(2) },
        ],
      }),
    );
    expect(refusal(await recordAssignment(simulator, { ...complete, policy }, 1001))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });
  test('of a package without a role is refused', async () => {
    const accessPackage = await createPackage(simulator, complete.catalog, 'No role');
    const policy = await create(simulator, 'EM/assignmentPolicies', v1.policyBody(accessPackage));
    expect(
      refusal(await recordAssignment(simulator, { ...complete, accessPackage, policy }, 1001)),
    ).toEqual([400, 'InvalidRequest']);
  });
});

describe('A route as an example has it, where the route line has another', () => {
  test.each([
    ['003 without $ref', draftPaths.requests, () => draftRequestBody('new')],
    ['004 without $ref', draftPaths.assignments, () => draftAssignmentBody(complete, 1003)],
  ])('%s creates nothing', async (_, path, body) => {
    const before = (await simulator.state()).counts;
    const { status } = await postDraft(simulator, path, body());
    expect(status).toBeGreaterThanOrEqual(400);
    expect((await simulator.state()).counts).toEqual(before);
  });
});

test('Without the draft dialect none of the documents is served', async () => {
  const published = await startSimulator();
  const answers = await Promise.all(
    documents
      .filter(([document]) => document !== '001')
      .map(([, path, body]) => postDraft(published, path(), body())),
  );
  const withoutCatalog = await postDraft(published, draftPaths.packages, draftPackageBody('New'));
  await published.stop();
  for (const answer of answers) expect(refusal(answer)).toEqual([404, '']);
  expect(refusal(withoutCatalog)).toEqual([400, 'InvalidModel']);
});
