import {
  aCatalog,
  aPackage,
  ask,
  aWholePackage,
  create,
  policyBody,
  requestBody,
  type Whole,
} from './build';
import {
  groupId,
  refusal,
  smallTenant,
  startSimulator,
  until,
  userId,
  type Simulator,
} from './simulator';

/* What the simulator refuses when a package is asked for: each case is one check, and falls when that check is taken out. */

let simulator: Simulator;
let whole: Whole;
let other: Whole;
const nobody = '99999999-9999-4999-8999-999999999999';

beforeAll(async () => {
  simulator = await startSimulator({
    tenant: {
      ...smallTenant,
      users: [{ employeeId: 'W-1011', accountEnabled: false }],
      scripts: [{ employeeId: 'W-1004', states: [{ state: 'pendingApproval' }] }],
    },
  });
  whole = await aWholePackage(simulator);
  other = await aWholePackage(simulator, { name: 'Other', group: 2 });
});
afterAll(() => simulator.stop());

const asked = async (of: Whole, worker: number, more = {}): Promise<unknown> =>
  refusal(await ask(simulator, of, worker, more));

/** Asks and waits until the person holds it; answers with the assignment's id. */
async function held(of: Whole, worker: number): Promise<string> {
  await ask(simulator, of, worker);
  const state = await until(
    () => simulator.state(),
    ({ assignments }) =>
      assignments.some(
        (row) =>
          row.targetId === userId(worker) &&
          row['packageId'] === of.accessPackage &&
          row.state === 'delivered',
      ),
  );
  return (
    state.assignments.find(
      (row) => row.targetId === userId(worker) && row['packageId'] === of.accessPackage,
    )?.id ?? ''
  );
}

describe('A request', () => {
  test('for an unknown package is not found', async () => {
    expect(await asked({ ...whole, accessPackage: nobody }, 1001)).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('under an unknown policy is not found', async () => {
    expect(await asked({ ...whole, policy: nobody }, 1001)).toEqual([404, 'ResourceNotFound']);
  });
  test('under a policy of another package is not found', async () => {
    expect(await asked({ ...whole, policy: other.policy }, 1001)).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('for a package that has no policy cannot name one', async () => {
    const accessPackage = await aPackage(simulator, whole.catalog, 'No policy');
    expect(await asked({ ...whole, accessPackage }, 1001)).toEqual([404, 'ResourceNotFound']);
  });
  test('for a package in a catalog that is not published is refused', async () => {
    const hidden = await aWholePackage(simulator, {
      name: 'Hidden',
      group: 2,
      catalog: await aCatalog(simulator, 'unpublished'),
    });
    expect(await asked(hidden, 1001)).toEqual([400, 'InvalidRequest']);
  });
  test('for a package that has no role scope, and so would grant nothing, is refused', async () => {
    const accessPackage = await aPackage(simulator, whole.catalog, 'No role');
    const policy = await create(simulator, 'EM/assignmentPolicies', policyBody(accessPackage));
    expect(await asked({ ...whole, accessPackage, policy }, 1001)).toEqual([400, 'InvalidRequest']);
  });
  test('for an unknown person is refused', async () => {
    expect(await asked(whole, 1999)).toEqual([400, 'SubjectNotFound']);
  });
  test('for a disabled account is refused', async () => {
    expect(await asked(whole, 1011)).toEqual([400, 'InvalidRequest']);
  });
  test('while another one of the same person and package is open is refused', async () => {
    expect((await ask(simulator, whole, 1004)).status).toBe(201);
    expect(await asked(whole, 1004)).toEqual([400, 'InvalidRequest', 'ExistingOpenRequest']);
  });
  test('for what the person holds already is refused', async () => {
    await held(whole, 1005);
    expect(await asked(whole, 1005)).toEqual([409, 'InvalidRequestExistingGrant']);
  });
  test('with a schedule of its own under a policy that allows none is refused', async () => {
    const strict = await aWholePackage(simulator, {
      name: 'Strict',
      policy: { requestorSettings: { allowCustomAssignmentSchedule: false } },
    });
    const schedule = {
      startDateTime: '2030-01-01T00:00:00Z',
      expiration: { type: 'noExpiration' },
    };
    expect(await asked(strict, 1006, { schedule })).toEqual([400, 'InvalidRequest']);
  });
});

describe('Separation of duties', () => {
  test('refuses a package to whoever holds one that it is incompatible with, in that direction only', async () => {
    const payments = await aWholePackage(simulator, { name: 'Payments' });
    const vendors = await aWholePackage(simulator, { name: 'Vendors' });
    const added = await simulator.call(
      'POST',
      `EM/accessPackages/${payments.accessPackage}/incompatibleAccessPackages/$ref`,
      {
        '@odata.id': `${simulator.url}/v1.0/identityGovernance/entitlementManagement/accessPackages/${vendors.accessPackage}`,
      },
    );
    expect(added.status).toBe(204);
    await held(vendors, 1007);
    expect(await asked(payments, 1007)).toEqual([400, 'InvalidRequest']);
    await held(payments, 1008);
    expect((await ask(simulator, vendors, 1008)).status).toBe(201);
  });
});

describe('A policy', () => {
  const only = (targets: object[], allowedTargetScope = 'specificDirectoryUsers'): Promise<Whole> =>
    aWholePackage(simulator, {
      name: `For ${JSON.stringify(targets)} ${allowedTargetScope}`,
      policy: { allowedTargetScope, specificAllowedTargets: targets },
    });
  const singleUser = { '@odata.type': '#microsoft.graph.singleUser', userId: userId(1009) };
  const groupMembers = { '@odata.type': '#microsoft.graph.groupMembers', groupId: groupId(1) };

  test('for one person refuses another', async () => {
    const package_ = await only([singleUser]);
    expect(await asked(package_, 1010)).toEqual([400, 'InvalidRequest']);
    expect((await ask(simulator, package_, 1009)).status).toBe(201);
  });
  test('for the members of a group refuses others', async () => {
    const package_ = await only([groupMembers]);
    expect(await asked(package_, 1010)).toEqual([400, 'InvalidRequest']);
    await held(whole, 1012);
    expect((await ask(simulator, package_, 1012)).status).toBe(201);
  });
  test('for people of other organizations refuses those of the directory', async () => {
    expect(await asked(await only([], 'allExternalUsers'), 1010)).toEqual([400, 'InvalidRequest']);
  });
  test('for all of the directory refuses nobody in it', async () => {
    expect((await ask(simulator, await only([], 'allDirectoryUsers'), 1010)).status).toBe(201);
  });
});

describe('The body of a request', () => {
  const cases: [string, () => object][] = [
    [
      'with a state, which only the service sets',
      () => requestBody(whole, 1001, { requestState: 'Submitted' }),
    ],
    [
      'with isValidationOnly, which v1.0 does not declare',
      () => requestBody(whole, 1001, { isValidationOnly: true }),
    ],
    [
      'in the spelling of beta',
      () => ({
        requestType: 'adminAdd',
        accessPackageAssignment: requestBody(whole, 1001)['assignment'],
      }),
    ],
    [
      'with a request type in the spelling of beta',
      () => requestBody(whole, 1001, { requestType: 'AdminAdd' }),
    ],
    ['without an assignment', () => ({ requestType: 'adminAdd' })],
    ['without a request type', () => ({ assignment: requestBody(whole, 1001)['assignment'] })],
    [
      'with a worker number where the object id belongs',
      () => ({
        requestType: 'adminAdd',
        assignment: { ...(requestBody(whole, 1001)['assignment'] as object), targetId: 'W-1001' },
      }),
    ],
    [
      'without a policy',
      () => ({
        requestType: 'adminAdd',
        assignment: { targetId: userId(1001), accessPackageId: whole.accessPackage },
      }),
    ],
    [
      'with the internal type of the draft documents',
      () =>
        requestBody(whole, 1001, {
          '@odata.type': '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage',
        }),
    ],
  ];
  test.each(cases)('%s is InvalidModel', async (_, body) => {
    expect(refusal(await simulator.call('POST', 'EM/assignmentRequests', body()))).toEqual([
      400,
      'InvalidModel',
    ]);
  });

  test('may name its target by object id inside target, as the metadata has it', async () => {
    const assignment = {
      accessPackageId: whole.accessPackage,
      assignmentPolicyId: whole.policy,
      target: { objectId: userId(1013) },
    };
    expect(
      (
        await simulator.call('POST', 'EM/assignmentRequests', {
          requestType: 'adminAdd',
          assignment,
        })
      ).status,
    ).toBe(201);
  });
});

describe('What the simulator leaves out', () => {
  test.each([
    ['a change of an assignment', () => requestBody(whole, 1001, { requestType: 'adminUpdate' })],
    [
      'a target by mail address',
      () => ({
        requestType: 'adminAdd',
        assignment: {
          accessPackageId: whole.accessPackage,
          assignmentPolicyId: whole.policy,
          target: { email: 'w-1001@example.com' },
        },
      }),
    ],
    ['an answer to a question', () => requestBody(whole, 1001, { answers: [{ value: 'yes' }] })],
  ])('is said of %s', async (_, body) => {
    const answer = await simulator.call('POST', 'EM/assignmentRequests', body());
    expect(refusal(answer)).toEqual([501, 'NotSimulated']);
  });
  test('is not mistaken for a schedule without its end', async () => {
    const schedule = (expiration: object): object => ({ schedule: { expiration } });
    expect(await asked(whole, 1001, schedule({ type: 'afterDateTime' }))).toEqual([
      400,
      'InvalidModel',
    ]);
    expect(await asked(whole, 1001, schedule({ type: 'afterDuration' }))).toEqual([
      400,
      'InvalidModel',
    ]);
  });
});

describe('An application', () => {
  test('may not make a request of a signed-in user', async () => {
    expect(await asked(whole, 1014, { requestType: 'userAdd' })).toEqual([403, 'UnAuthorized']);
  });
  test('may not cancel a request', async () => {
    const { body } = await ask(simulator, other, 1004);
    expect(
      refusal(await simulator.call('POST', `EM/assignmentRequests/${String(body['id'])}/cancel`)),
    ).toEqual([403, 'UnAuthorized']);
  });
});

describe('A removal', () => {
  const removal = (of: Simulator, assignment: string): ReturnType<Simulator['call']> =>
    of.call('POST', 'EM/assignmentRequests', {
      requestType: 'adminRemove',
      assignment: { id: assignment },
    });
  test('of an unknown assignment is not found', async () => {
    expect(refusal(await removal(simulator, nobody))).toEqual([404, 'ResourceNotFound']);
  });
  test('takes the person out of the group, and cannot be made twice', async () => {
    const tenant = {
      ...smallTenant,
      holdings: [{ employeeId: 'W-1015', holdsOnceMade: ['Finance'] }],
    };
    const patient = await startSimulator({ tenant, deliveryMs: 3_600_000 });
    const own = await aWholePackage(patient);
    const before = await patient.state();
    expect(before.groups[0]?.members).toEqual([userId(1015)]);
    const assignment = before.assignments[0]?.id ?? '';

    const { status, body } = await removal(patient, assignment);
    expect(status).toBe(201);
    expect(refusal(await removal(patient, assignment))).toEqual([
      400,
      'InvalidRequest',
      'ExistingOpenRequest',
    ]);
    const advance = `/_control/requests/${String(body['id'])}/advance`;
    await patient.call('POST', advance);
    await patient.call('POST', advance);
    const after = await until(
      () => patient.state(),
      ({ assignments }) => assignments[0]?.state === 'expired',
    );
    expect(after.groups[0]?.members).toEqual([]);
    expect(refusal(await removal(patient, assignment))).toEqual([
      404,
      'InvalidRequestNoActiveGrant',
    ]);
    expect((await ask(patient, own, 1015)).status).toBe(201);
    await patient.stop();
  });
});
