import { type CompletePackage, createCompletePackage, submit } from './packages';
import {
  groupId,
  refusal,
  smallTenant,
  startSimulator,
  until,
  userId,
  type Json,
  type Simulator,
} from './simulator';

/* What a tenant file scripts for single people. */

let simulator: Simulator;
let complete: CompletePackage;
/** A state that lasts until the test says so: nothing here depends on being quick enough. */
const held = (state: string, status?: string): Json => ({
  state,
  forMs: 3_600_000,
  ...(status === undefined ? {} : { status }),
});

beforeAll(async () => {
  simulator = await startSimulator({
    tenant: {
      ...smallTenant,
      users: [{ employeeId: 'W-1001', appearsAfterMs: 150 }],
      holdings: [{ employeeId: 'W-1002', holdsOnceMade: ['Finance'] }],
      scripts: [
        {
          employeeId: 'W-1003',
          packageName: 'Finance',
          states: [held('submitted'), held('partiallyDelivered'), { state: 'delivered' }],
        },
        { employeeId: 'W-1004', states: [held('submitted'), { state: 'denied' }] },
        { employeeId: 'W-1005', states: [held('submitted'), { state: 'deliveryFailed' }] },
        { employeeId: 'W-1010', states: [held('submitted'), { state: 'deliveryFailed' }] },
        { employeeId: 'W-1006', states: [{ state: 'submitted', status: 'WaitingForCallback' }] },
        { employeeId: 'W-1007', states: [held('unknownFutureValue'), { state: 'canceled' }] },
      ],
    },
  });
  complete = await createCompletePackage(simulator);
});
afterAll(() => simulator.stop());

/** Asks, then walks the request through its script to a state; answers with all states and statuses on the way. */
async function walk(worker: number, end: string, of = complete): Promise<string[]> {
  const { body } = await submit(simulator, of, worker);
  const id = String(body['id']);
  const seen: string[] = [];
  for (;;) {
    const read = (await simulator.call('GET', `EM/assignmentRequests/${id}`)).body;
    seen.push(`${String(read['state'])}/${String(read['status'])}`);
    if (read['state'] === end) return seen;
    const moved = await simulator.call('POST', `/_control/requests/${id}/advance`);
    expect(moved.status).toBe(200);
  }
}

const membership = async (worker: number): Promise<boolean> =>
  (await simulator.state()).groups
    .find(({ id }) => id === groupId(1))
    ?.members.includes(userId(worker)) ?? false;

test('Somebody who is to appear is in the directory so long after they were first looked for', async () => {
  const path = `users?$filter=${encodeURIComponent("employeeId eq 'W-1001'")}&$select=id`;
  const first = Date.now();
  const look = async (): Promise<Json[]> =>
    (await simulator.call('GET', path)).body['value'] as Json[];
  expect(await look()).toEqual([]);
  expect(await until(look, (found) => found.length > 0)).toEqual([{ id: userId(1001) }]);
  expect(Date.now() - first).toBeGreaterThanOrEqual(150);
});

test('Somebody who holds a package once it is made cannot be given it again', async () => {
  expect(await membership(1002)).toBe(true);
  expect(refusal(await submit(simulator, complete, 1002))).toEqual([
    409,
    'InvalidRequestExistingGrant',
  ]);
});

test('A partial delivery heals by itself, and only then is its person in the group', async () => {
  const seen = await walk(1003, 'partiallyDelivered');
  expect(seen).toEqual(['submitted/Accepted', 'partiallyDelivered/PartiallyDelivered']);
  expect(await membership(1003)).toBe(false);
  const [request] = (await simulator.state()).requests.filter(
    ({ state }) => state === 'partiallyDelivered',
  );
  await simulator.call('POST', `/_control/requests/${request?.id ?? ''}/advance`);
  expect(await membership(1003)).toBe(true);
});

test('A script for one package leaves others alone', async () => {
  const other = await createCompletePackage(simulator, { name: 'Other', group: 2 });
  expect(await walk(1003, 'delivered', other)).not.toContain(
    'partiallyDelivered/PartiallyDelivered',
  );
});

test('A denial makes no assignment, and the person can be asked for again', async () => {
  expect(await walk(1004, 'denied')).toEqual(['submitted/Accepted', 'denied/Denied']);
  expect(
    (await simulator.state()).assignments.filter(({ targetId }) => targetId === userId(1004)),
  ).toEqual([]);
  expect((await submit(simulator, complete, 1004)).status).toBe(201);
});

test('A failed delivery can be reprocessed to its end, another state cannot', async () => {
  await walk(1005, 'deliveryFailed');
  const request = (await simulator.state()).requests.find(
    ({ targetId }) => targetId === userId(1005),
  );
  const path = `EM/assignmentRequests/${request?.id ?? ''}/reprocess`;
  expect((await simulator.call('POST', path)).status).toBe(202);
  await until(
    () => membership(1005),
    (is) => is,
  );
  expect(refusal(await simulator.call('POST', path))).toEqual([400, 'InvalidRequest']);
});

test('A request that waits for a callback says so in its status alone', async () => {
  expect((await submit(simulator, complete, 1006)).body).toMatchObject({
    state: 'submitted',
    status: 'WaitingForCallback',
  });
});

test('A state that clients do not know may come on the way', async () => {
  expect(await walk(1007, 'canceled')).toContain('unknownFutureValue/unknownFutureValue');
});

describe('A policy that requires approval', () => {
  const stages = [
    {
      durationBeforeAutomaticDenial: 'P14D',
      approverInformationVisibility: 'visible',
      primaryApprovers: [],
    },
  ];
  const approval = { requestApprovalSettings: { isApprovalRequiredForAdd: true, stages } };
  test.each([
    ['approved', 'approve', 'delivered'],
    ['denied', 'deny', 'denied'],
  ])('holds a request until it is %s', async (_, decision, end) => {
    const guarded = await createCompletePackage(simulator, {
      name: `Guarded ${decision}`,
      policy: approval,
    });
    await walk(1008, 'pendingApproval', guarded);
    const pending = (await simulator.state()).requests.find(
      ({ state }) => state === 'pendingApproval',
    );
    await simulator.call('POST', `/_control/requests/${pending?.id ?? ''}/decide`, { decision });
    const read = (): Promise<Json> =>
      simulator.call('GET', `EM/assignmentRequests/${pending?.id ?? ''}`).then(({ body }) => body);
    expect(await until(read, ({ state }) => state === end)).toMatchObject({ state: end });
  });
});

test('Only a request that waits for approval can be decided', async () => {
  const { body } = await submit(simulator, complete, 1009);
  const decided = await simulator.call('POST', `/_control/requests/${String(body['id'])}/decide`, {
    decision: 'approve',
  });
  expect(refusal(decided)).toEqual([400, 'InvalidRequest']);
});

test('An assignment can be reprocessed once it is delivered, and not before', async () => {
  const assignmentOf = async (worker: number): Promise<string> =>
    (await simulator.state()).assignments.find(({ targetId }) => targetId === userId(worker))?.id ??
    '';
  const reprocess = async (worker: number): ReturnType<Simulator['call']> =>
    simulator.call('POST', `EM/assignments/${await assignmentOf(worker)}/reprocess`);
  expect((await reprocess(1002)).status).toBe(202);
  await walk(1010, 'deliveryFailed');
  expect(refusal(await reprocess(1010))).toEqual([400, 'InvalidRequest']);
});
