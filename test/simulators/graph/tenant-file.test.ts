import { join } from 'node:path';
import { startGraph } from '../../../infra/local/graph/server';
import { projectRoot } from '../../../infra/local/stack/service';
import { type CompletePackage, createCompletePackage, submit } from './packages';
import {
  sharedSimulator,
  groupId,
  type Json,
  refusal,
  type Simulator,
  smallTenant,
  startSimulator,
  until,
  userId,
} from './simulator';

describe('A tenant file', () => {
  const sample = join(projectRoot(), 'infra/local/graph/tenant.json');
  const started: Simulator[] = [];
  const start = async (tenant: object): Promise<Simulator> => {
    const simulator = await startSimulator({ tenant });
    started.push(simulator);
    return simulator;
  };
  afterAll(async () => {
    for (const simulator of started) await simulator.stop();
  });

  test.each([
    ['an unknown member', { staff: [] }, /staff/],
    [
      'a range that does not count up',
      { workers: [{ from: 'W-9', to: 'W-1' }] },
      /does not count up/,
    ],
    [
      'a real-looking name',
      { users: [{ employeeId: 'W-1', userPrincipalName: 'a@contoso.com' }] },
      /users\.0\.userPrincipalName/,
    ],
    [
      'one id twice',
      { users: [{ employeeId: 'W-1' }, { employeeId: 'X-1' }] },
      /two users with the id/,
    ],
    [
      'a state that never ends before another',
      { scripts: [{ states: [{ state: 'submitted' }, { state: 'denied' }] }] },
      /scripts\.0\.states.*forMs/,
    ],
    ['a group without an id', { groups: [{ displayName: 'grp' }] }, /groups\.0\.id/],
  ])('with %s is refused with the place of the problem', async (_, tenant, message) => {
    await expect(start(tenant)).rejects.toThrow(message);
  });

  test('describes packages that can be read and held, with lasting ids', async () => {
    const tenant = {
      ...smallTenant,
      catalogs: [
        {
          id: '40000000-0000-4000-8000-000000000001',
          displayName: 'Old',
          resources: [{ originSystem: 'AadGroup', originId: groupId(1) }],
          accessPackages: [
            {
              id: '50000000-0000-4000-8000-000000000001',
              displayName: 'Old package',
              roles: [{ resource: groupId(1), role: `Member_${groupId(1)}` }],
              policies: [{ id: '60000000-0000-4000-8000-000000000001', displayName: 'direct' }],
              heldBy: ['W-1002'],
            },
          ],
        },
      ],
    };
    const simulator = await start(tenant);
    const path =
      'EM/accessPackages/50000000-0000-4000-8000-000000000001?$expand=catalog,assignmentPolicies';
    expect((await simulator.call('GET', path)).body).toMatchObject({
      catalog: { displayName: 'Old', state: 'published' },
      assignmentPolicies: [{ id: '60000000-0000-4000-8000-000000000001' }],
    });
    const state = await simulator.state();
    expect(state.groups[0]?.members).toEqual([userId(1002)]);
    expect(state.assignments).toMatchObject([{ targetId: userId(1002), state: 'delivered' }]);
  });

  test('The sample tenant has the workers W-1001 to W-1200, and nobody from W-1100 on is special', async () => {
    const folder = (await start({})).folder;
    const graph = await startGraph({
      port: 0,
      dataDir: join(folder, 'sample'),
      tenantFile: sample,
    });
    const found = async (employeeId: string): Promise<Json[]> => {
      const filter = encodeURIComponent(`employeeId eq '${employeeId}'`);
      const answer = await fetch(
        `${graph.url}/v1.0/users?$filter=${filter}&$select=id,accountEnabled`,
      );
      return ((await answer.json()) as { value: Json[] }).value;
    };
    const ordinary = [1024, ...Array.from({ length: 101 }, (_, index) => 1100 + index)];
    for (const number of ordinary) {
      expect(await found(`W-${number}`)).toEqual([{ id: userId(number), accountEnabled: true }]);
    }
    expect(await found('W-1010')).toHaveLength(2);
    expect(await found('W-1002')).toEqual([]);
    expect(await found('W-1999')).toEqual([]);
    expect(await found('W-1011')).toMatchObject([{ accountEnabled: false }]);
    await graph.stop();
  });
});

describe('Scripts', () => {
  /* What a tenant file scripts for single people. */

  /** A state that lasts until the test advances it, so that no test depends on timing. */
  const held = (state: string, status?: string): Json => ({
    state,
    forMs: 3_600_000,
    ...(status === undefined ? {} : { status }),
  });
  const simulator = sharedSimulator({
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
  let complete: CompletePackage;

  beforeAll(async () => {
    complete = await createCompletePackage(simulator);
  });

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

  test('A user who appears later is in the directory that long after the first search', async () => {
    const path = `users?$filter=${encodeURIComponent("employeeId eq 'W-1001'")}&$select=id`;
    const first = Date.now();
    const look = async (): Promise<Json[]> =>
      (await simulator.call('GET', path)).body['value'] as Json[];
    expect(await look()).toEqual([]);
    expect(await until(look, (found) => found.length > 0)).toEqual([{ id: userId(1001) }]);
    expect(Date.now() - first).toBeGreaterThanOrEqual(150);
  });

  test('A user who holds a package as soon as it is complete cannot get it again', async () => {
    expect(await membership(1002)).toBe(true);
    expect(refusal(await submit(simulator, complete, 1002))).toEqual([
      409,
      'InvalidRequestExistingGrant',
    ]);
  });

  test('A partial delivery completes by itself, and only then the person is in the group', async () => {
    const seen = await walk(1003, 'partiallyDelivered');
    expect(seen).toEqual(['submitted/Accepted', 'partiallyDelivered/PartiallyDelivered']);
    expect(await membership(1003)).toBe(false);
    const [request] = (await simulator.state()).requests.filter(
      ({ state }) => state === 'partiallyDelivered',
    );
    await simulator.call('POST', `/_control/requests/${request?.id ?? ''}/advance`);
    expect(await membership(1003)).toBe(true);
  });

  test('A script for one package does not affect others', async () => {
    const other = await createCompletePackage(simulator, { name: 'Other', group: 2 });
    expect(await walk(1003, 'delivered', other)).not.toContain(
      'partiallyDelivered/PartiallyDelivered',
    );
  });

  test('A denial creates no assignment, and a new request is possible', async () => {
    expect(await walk(1004, 'denied')).toEqual(['submitted/Accepted', 'denied/Denied']);
    expect(
      (await simulator.state()).assignments.filter(({ targetId }) => targetId === userId(1004)),
    ).toEqual([]);
    expect((await submit(simulator, complete, 1004)).status).toBe(201);
  });

  test('A failed delivery can be reprocessed, a request in another state cannot', async () => {
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

  test('A request that waits for a callback shows it only in its status', async () => {
    expect((await submit(simulator, complete, 1006)).body).toMatchObject({
      state: 'submitted',
      status: 'WaitingForCallback',
    });
  });

  test('A request can pass through an unknown state', async () => {
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
        simulator
          .call('GET', `EM/assignmentRequests/${pending?.id ?? ''}`)
          .then(({ body }) => body);
      expect(await until(read, ({ state }) => state === end)).toMatchObject({ state: end });
    });
  });

  test('Only a request that is pending approval can be decided', async () => {
    const { body } = await submit(simulator, complete, 1009);
    const decided = await simulator.call(
      'POST',
      `/_control/requests/${String(body['id'])}/decide`,
      {
        decision: 'approve',
      },
    );
    expect(refusal(decided)).toEqual([400, 'InvalidRequest']);
  });

  test('An assignment can be reprocessed only once it is delivered', async () => {
    const assignmentOf = async (worker: number): Promise<string> =>
      (await simulator.state()).assignments.find(({ targetId }) => targetId === userId(worker))
        ?.id ?? '';
    const reprocess = async (worker: number): ReturnType<Simulator['call']> =>
      simulator.call('POST', `EM/assignments/${await assignmentOf(worker)}/reprocess`);
    expect((await reprocess(1002)).status).toBe(202);
    await walk(1010, 'deliveryFailed');
    expect(refusal(await reprocess(1010))).toEqual([400, 'InvalidRequest']);
  });
});
