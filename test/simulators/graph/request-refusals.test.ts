import {
  beta,
  type CompletePackage,
  create,
  createCompletePackage,
  createPackage,
  submit,
  v1,
  type Wire,
} from './packages';
import {
  groupId,
  type Json,
  refusal,
  sharedSimulator,
  type Simulator,
  smallTenant,
  startSimulator,
  unknownId,
  until,
  userId,
} from './simulator';

/* What is refused when a package is requested or removed. Each case is one check. */

const draftType = { '@odata.type': '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage' };

type BodyCase = [title: string, body: (complete: CompletePackage) => Json];

const idsOf = (complete: CompletePackage): Json =>
  v1.requestBody(complete, 1001)['assignment'] as Json;

const inV1: BodyCase[] = [
  ['with a state', (complete) => v1.requestBody(complete, 1001, { requestState: 'Submitted' })],
  [
    'with isValidationOnly',
    (complete) => v1.requestBody(complete, 1001, { isValidationOnly: true }),
  ],
  [
    'in the spelling of beta',
    (complete) => ({ requestType: 'adminAdd', accessPackageAssignment: idsOf(complete) }),
  ],
  [
    'with a request type in the spelling of beta',
    (complete) => v1.requestBody(complete, 1001, { requestType: 'AdminAdd' }),
  ],
  ['without an assignment', () => ({ requestType: 'adminAdd' })],
  ['without a request type', (complete) => ({ assignment: idsOf(complete) })],
  [
    'with a worker number for the object id',
    (complete) => ({
      requestType: 'adminAdd',
      assignment: { ...idsOf(complete), targetId: 'W-1001' },
    }),
  ],
  [
    'without a policy',
    ({ accessPackage }) => ({
      requestType: 'adminAdd',
      assignment: { targetId: userId(1001), accessPackageId: accessPackage },
    }),
  ],
  ['with a type of the draft documents', (complete) => v1.requestBody(complete, 1001, draftType)],
];

const inBeta: BodyCase[] = [
  ['in the spelling of v1.0', () => ({ requestType: 'AdminAdd', assignment: {} })],
  [
    'with a request type in lower case',
    (complete) => beta.requestBody(complete, 1001, { requestType: 'adminAdd' }),
  ],
  ['without an assignment', () => ({ requestType: 'AdminAdd' })],
  ['with a type of the draft documents', (complete) => beta.requestBody(complete, 1001, draftType)],
];

const specific = {
  'v1.0': (targets: Json[], allowedTargetScope = 'specificDirectoryUsers') => ({
    allowedTargetScope,
    specificAllowedTargets: targets,
  }),
  beta: (allowedRequestors: Json[], scopeType = 'SpecificDirectorySubjects') => ({
    requestorSettings: { scopeType, acceptRequests: true, allowedRequestors },
  }),
};
const inScope = {
  'v1.0': { external: 'allExternalUsers', all: 'allDirectoryUsers', id: ['userId', 'groupId'] },
  beta: { external: 'AllExternalSubjects', all: 'AllExistingDirectorySubjects', id: ['id', 'id'] },
};

describe.each([
  ['v1.0', v1, inV1],
  ['beta', beta, inBeta],
])('In %s', (_, wire, bodyCases) => {
  const simulator = sharedSimulator({
    tenant: {
      ...smallTenant,
      users: [{ employeeId: 'W-1011', accountEnabled: false }],
      scripts: [{ employeeId: 'W-1004', states: [{ state: 'pendingApproval' }] }],
    },
  });
  const newPackage = (
    options: Parameters<typeof createCompletePackage>[1],
  ): Promise<CompletePackage> => createCompletePackage(simulator, options, wire);
  let complete: CompletePackage;
  let other: CompletePackage;
  beforeAll(async () => {
    complete = await newPackage({});
    other = await newPackage({ name: 'Other', group: 2 });
  });

  const refused = async (of: CompletePackage, worker: number, more = {}): Promise<unknown> =>
    refusal(await submit(simulator, of, worker, more, wire));
  const accepted = async (of: CompletePackage, worker: number): Promise<number> =>
    (await submit(simulator, of, worker, {}, wire)).status;
  const post = async (body: Json): Promise<unknown> =>
    refusal(await simulator.call('POST', wire.requests, body));

  /** Submits a request and waits until the person holds the package. */
  async function hold(of: CompletePackage, worker: number): Promise<void> {
    await submit(simulator, of, worker, {}, wire);
    await until(
      () => simulator.state(),
      ({ assignments }) =>
        assignments.some(
          (row) =>
            row.targetId === userId(worker) &&
            row['packageId'] === of.accessPackage &&
            row.state === 'delivered',
        ),
    );
  }

  describe('A request', () => {
    test.each<[string, () => CompletePackage, number, [number, string]]>([
      [
        'for an unknown package',
        () => ({ ...complete, accessPackage: unknownId }),
        1001,
        [404, 'ResourceNotFound'],
      ],
      [
        'under an unknown policy',
        () => ({ ...complete, policy: unknownId }),
        1001,
        [404, 'ResourceNotFound'],
      ],
      [
        'under a policy of another package',
        () => ({ ...complete, policy: other.policy }),
        1001,
        [404, 'ResourceNotFound'],
      ],
      ['for an unknown person', () => complete, 1999, [400, 'SubjectNotFound']],
      ['for a disabled account', () => complete, 1011, [400, 'InvalidRequest']],
    ])('%s is refused', async (_title, of, worker, expected) => {
      expect(await refused(of(), worker)).toEqual(expected);
    });
    test('for a package without a policy cannot name one', async () => {
      const accessPackage = await createPackage(simulator, complete.catalog, 'No policy', wire);
      expect(await refused({ ...complete, accessPackage }, 1001)).toEqual([
        404,
        'ResourceNotFound',
      ]);
    });
    test('for a package in an unpublished catalog is refused', async () => {
      const hidden = await newPackage({ name: 'Hidden', group: 2, state: 'unpublished' });
      expect(await refused(hidden, 1001)).toEqual([400, 'InvalidRequest']);
    });
    test('for a package without a role scope is refused', async () => {
      const accessPackage = await createPackage(simulator, complete.catalog, 'No role', wire);
      const policy = await create(simulator, wire.policies, wire.policyBody(accessPackage));
      const incomplete = { ...complete, accessPackage, policy };
      expect(await refused(incomplete, 1001)).toEqual([400, 'InvalidRequest']);
    });
    test('during an open one for the same person and package is refused, from either version', async () => {
      const open = wire === v1 ? beta : v1;
      expect((await submit(simulator, complete, 1004, {}, open)).status).toBe(201);
      expect(await refused(complete, 1004)).toEqual([400, 'InvalidRequest', 'ExistingOpenRequest']);
    });
    test('for a package that the person holds is refused', async () => {
      await hold(complete, 1005);
      expect(await refused(complete, 1005)).toEqual([409, 'InvalidRequestExistingGrant']);
    });
    test('of a type that only a signed-in user can send is refused', async () => {
      const more = { requestType: wire.spell('userAdd') };
      expect(await refused(complete, 1014, more)).toEqual([403, 'UnAuthorized']);
    });
    test('cannot be canceled by an application', async () => {
      const { body } = await submit(simulator, other, 1004, {}, wire);
      const path = `${wire.requests}/${String(body['id'])}/cancel`;
      expect(refusal(await simulator.call('POST', path))).toEqual([403, 'UnAuthorized']);
    });
    test('does not tell an application who decides about it, nor let it decide', async () => {
      const { body } = await submit(simulator, other, 1005, {}, wire);
      const root = `/${wire.version}/EM`;
      const approval = `${root}/accessPackageAssignmentApprovals/${String(body['id'])}`;
      const stages = `${approval}/${wire.version === 'beta' ? 'steps' : 'stages'}`;
      const decision = { reviewResult: 'Approve', justification: 'mine' };
      const calls = [
        await simulator.call('GET', approval),
        await simulator.call('GET', stages),
        await simulator.call('PATCH', `${stages}/${String(body['id'])}`, decision),
      ];
      for (const answer of calls) expect(refusal(answer)).toEqual([403, 'UnAuthorized']);
    });
    test('with an incomplete schedule is InvalidModel', async () => {
      for (const type of ['afterDateTime', 'afterDuration']) {
        const schedule = { expiration: { type } };
        expect(await refused(complete, 1001, { schedule })).toEqual([400, 'InvalidModel']);
      }
    });
    test('may name its target by object id inside target, as in the metadata', async () => {
      const { targetId, ...ids } = idsOf(complete);
      const assignment = { ...ids, target: { objectId: userId(1013) } };
      expect(targetId).toBe(userId(1001));
      const member = wire === v1 ? 'assignment' : 'accessPackageAssignment';
      const body = wire.requestBody(complete, 1013, { [member]: assignment });
      expect((await simulator.call('POST', wire.requests, body)).status).toBe(201);
    });
    test('for a target by mail address is not simulated', async () => {
      const { targetId, ...ids } = idsOf(complete);
      expect(targetId).toBe(userId(1001));
      const member = wire === v1 ? 'assignment' : 'accessPackageAssignment';
      const assignment = { ...ids, target: { email: 'w-1001@example.com' } };
      const body = wire.requestBody(complete, 1001, { [member]: assignment });
      expect(await post(body)).toEqual([501, 'NotSimulated']);
    });
    test('with an answer to a question is not simulated', async () => {
      const answers = [{ value: 'yes' }];
      expect(await refused(complete, 1001, { answers })).toEqual([501, 'NotSimulated']);
    });
  });

  describe('The body of a request', () => {
    test.each(bodyCases)('%s is InvalidModel', async (_title, body) => {
      expect(await post(body(complete))).toEqual([400, 'InvalidModel']);
    });
  });

  test('A holder of an incompatible package is refused, in that direction only', async () => {
    const payments = await newPackage({ name: 'Payments' });
    const vendors = await newPackage({ name: 'Vendors' });
    const root = `${simulator.url}/${wire.version}/identityGovernance/entitlementManagement`;
    const added = await simulator.call(
      'POST',
      `${wire.packages}/${payments.accessPackage}/incompatibleAccessPackages/$ref`,
      { '@odata.id': `${root}/accessPackages/${vendors.accessPackage}` },
    );
    expect(added.status).toBe(204);
    await hold(vendors, 1007);
    expect(await refused(payments, 1007)).toEqual([400, 'InvalidRequest']);
    await hold(payments, 1008);
    expect(await accepted(vendors, 1008)).toBe(201);
  });

  describe('A policy', () => {
    const { external, all, id } = inScope[wire.version];
    const [userMember = '', groupMember = ''] = id;
    const policyFor = (name: string, targets: Json[], scope?: string): Promise<CompletePackage> =>
      newPackage({ name, policy: specific[wire.version](targets, scope) });

    test('for one person refuses another', async () => {
      const type = '#microsoft.graph.singleUser';
      const targets = [{ '@odata.type': type, [userMember]: userId(1009) }];
      const restricted = await policyFor('One person', targets);
      expect(await refused(restricted, 1010)).toEqual([400, 'InvalidRequest']);
      expect(await accepted(restricted, 1009)).toBe(201);
    });
    test('for the members of a group refuses others', async () => {
      const type = '#microsoft.graph.groupMembers';
      const targets = [{ '@odata.type': type, [groupMember]: groupId(1) }];
      const restricted = await policyFor('Members', targets);
      expect(await refused(restricted, 1010)).toEqual([400, 'InvalidRequest']);
      await hold(complete, 1012);
      expect(await accepted(restricted, 1012)).toBe(201);
    });
    test('for people of other organizations refuses users of the directory', async () => {
      const restricted = await policyFor('External', [], external);
      expect(await refused(restricted, 1010)).toEqual([400, 'InvalidRequest']);
    });
    test('for the directory accepts every user in it', async () => {
      expect(await accepted(await policyFor('Everybody', [], all), 1010)).toBe(201);
    });
  });

  describe('A removal', () => {
    const remove = (from: Simulator, assignment: string): ReturnType<Simulator['call']> =>
      from.call('POST', wire.requests, wire.revokeBody(assignment));

    test('of an unknown assignment is not found', async () => {
      expect(refusal(await remove(simulator, unknownId))).toEqual([404, 'ResourceNotFound']);
    });
    test('takes the person out of the group, and is refused a second time', async () => {
      const tenant = {
        ...smallTenant,
        holdings: [{ employeeId: 'W-1015', holdsOnceMade: ['Finance'] }],
      };
      const slow = await startSimulator({ tenant, deliveryMs: 3_600_000 });
      const own = await createCompletePackage(slow, {}, wire);
      const before = await slow.state();
      expect(before.groups[0]?.members).toEqual([userId(1015)]);
      const assignment = before.assignments[0]?.id ?? '';

      const { status, body } = await remove(slow, assignment);
      expect(status).toBe(201);
      expect(refusal(await remove(slow, assignment))).toEqual([
        400,
        'InvalidRequest',
        'ExistingOpenRequest',
      ]);
      const advance = `/_control/requests/${String(body['id'])}/advance`;
      await slow.call('POST', advance);
      await slow.call('POST', advance);
      const after = await until(
        () => slow.state(),
        ({ assignments }) => assignments[0]?.state === 'expired',
      );
      expect(after.groups[0]?.members).toEqual([]);
      expect(refusal(await remove(slow, assignment))).toEqual([404, 'InvalidRequestNoActiveGrant']);
      expect((await submit(slow, own, 1015, {}, wire)).status).toBe(201);
      await slow.stop();
    });
  });

  test.each<[string, (wire: Wire) => [string, Json]]>(
    wire === v1
      ? [['A batch', () => ['/v1.0/$batch', { requests: [] }]]]
      : [
          [
            'A change of an assignment',
            () => [beta.requests, beta.requestBody(complete, 1001, { requestType: 'AdminUpdate' })],
          ],
          [
            'Validation of an assignment request',
            () => [beta.requests, beta.requestBody(complete, 1001, { isValidationOnly: true })],
          ],
          [
            'Validation of a resource request',
            () => [
              beta.resourceRequests,
              beta.resourceBody(
                complete.catalog,
                { originId: groupId(2), originSystem: 'AadGroup' },
                { isValidationOnly: true },
              ),
            ],
          ],
          [
            'The unique name of a catalog',
            () => [beta.catalogs, { displayName: 'x', uniqueName: 'x' }],
          ],
          [
            'The unique name of a package',
            () => [beta.packages, beta.packageBody(complete.catalog, 'x', { uniqueName: 'x' })],
          ],
          [
            'An access review',
            () => [
              beta.policies,
              beta.policyBody(complete.accessPackage, {
                accessReviewSettings: { isEnabled: true },
              }),
            ],
          ],
          [
            'An assignment request at its v1.0 address',
            () => ['/beta/EM/assignmentRequests', beta.requestBody(complete, 1001)],
          ],
        ],
  )('%s is not simulated', async (_title, request) => {
    const [path, body] = request(wire);
    expect(refusal(await simulator.call('POST', path, body))).toEqual([501, 'NotSimulated']);
  });
});

test('A schedule under a policy of v1.0 that allows none is refused', async () => {
  const simulator = await startSimulator();
  const strict = await createCompletePackage(simulator, {
    policy: { requestorSettings: { allowCustomAssignmentSchedule: false } },
  });
  const schedule = { startDateTime: '2030-01-01T00:00:00Z', expiration: { type: 'noExpiration' } };
  const answer = await submit(simulator, strict, 1006, { schedule });
  await simulator.stop();
  expect(refusal(answer)).toEqual([400, 'InvalidRequest']);
});

test('A policy of beta that accepts no requests refuses them', async () => {
  const simulator = await startSimulator();
  const requestorSettings = { scopeType: 'NoSubjects', acceptRequests: false };
  const closed = await createCompletePackage(simulator, { policy: { requestorSettings } }, beta);
  const answer = await submit(simulator, closed, 1001, {}, beta);
  await simulator.stop();
  expect(refusal(answer)).toEqual([400, 'InvalidRequest']);
});
