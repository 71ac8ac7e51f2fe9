import { classify } from '../../../shared/graph/errors';
import type { AssignmentRequest } from '../../../shared/graph/answers';
import {
  ensureToTheEnd,
  group,
  ledger,
  memoryTable,
  modelOf,
  targetOf,
} from '../packages/ensure-harness';
import { eventually } from '../../support/eventually';
import { startSimulator, type Simulator } from '../../support/simulator';

let simulator: Simulator;
let ids: { packageId: string; policyId: string };
beforeAll(async () => {
  simulator = await startSimulator(0);
  const definition = targetOf(modelOf(ledger), 'ledger');
  const outcome = await ensureToTheEnd(simulator.graph, definition, memoryTable());
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  ids = { packageId: outcome.accessPackageId, policyId: outcome.assignmentPolicyId };
});
afterAll(() => simulator.stop());

const userOf = async (worker: string) =>
  (await simulator.graph.findUsers('employeeId', worker))[0]?.id ?? 'nobody';

const submit = async (worker: string, justification = `joinery:test:1:${worker}`) =>
  simulator.graph.submitAssignmentRequest({
    ...ids,
    userId: await userOf(worker),
    justification,
  });

const polled = (
  id: string,
  isDone: (request: AssignmentRequest) => boolean,
): Promise<AssignmentRequest> =>
  eventually(
    `request ${id}`,
    async () => {
      const request = await simulator.graph.getAssignmentRequest(id);
      return isDone(request) && request;
    },
    { seconds: 10, everyMs: 20 },
  );

const refusalOf = async (call: Promise<unknown>) =>
  call.then(
    () => 'no refusal',
    (error: unknown) => classify(error),
  );

describe('people', () => {
  test('are found by the match attribute', async () => {
    expect(await simulator.graph.findUsers('employeeId', 'W-1024')).toMatchObject([
      { id: '20000000-0000-4000-8000-000000001024', accountEnabled: true },
    ]);
  });

  test('who do not exist are not found, whatever their name looks like', async () => {
    expect(await simulator.graph.findUsers('employeeId', "x' or employeeId eq 'W-1024")).toEqual(
      [],
    );
  });

  test('of another spelling are found too, each with the value that the directory has', async () => {
    expect(await simulator.graph.findUsers('employeeId', 'w-1024')).toMatchObject([
      { id: '20000000-0000-4000-8000-000000001024', value: 'W-1024' },
    ]);
  });

  test('who share an attribute are all found', async () => {
    expect(await simulator.graph.findUsers('employeeId', 'W-1010')).toHaveLength(2);
  });

  test('who are looked for at the same moment share a call, and the answers are as for each alone', async () => {
    const workers = [1010, 1011, 1024, 1030, 1999].map((number) => `W-${number}`);
    const before = (await simulator.log()).length;
    const look = (worker: string) => simulator.graph.findUsers('employeeId', worker);
    const together = await Promise.all([...workers, 'w-1031'].map(look));
    const calls = (await simulator.log()).slice(before);
    // Together, and then alone whom the group did not find in their exact spelling.
    expect(calls.map(({ query }) => / (in|eq) /.exec(decodeURIComponent(query))?.[1])).toEqual([
      ...['in', 'eq', 'eq'],
    ]);
    const alone: unknown[] = [];
    for (const worker of [...workers, 'w-1031']) alone.push(await look(worker));
    expect(together).toEqual(alone);
  });

  test('with a disabled account are marked as disabled', async () => {
    expect(await simulator.graph.findUsers('employeeId', 'W-1011')).toMatchObject([
      { accountEnabled: false },
    ]);
  });
});

describe('an assignment request', () => {
  test('is submitted, polled to delivered, and its assignment read back', async () => {
    const submitted = await submit('W-1024');
    expect(submitted.graphRequestId).toMatch(/^[0-9a-f-]{36}$/);
    const done = await polled(submitted.id, ({ requestStatus }) => requestStatus === 'delivered');
    expect(done).toMatchObject({
      requestStatus: 'delivered',
      packageId: ids.packageId,
      userId: await userOf('W-1024'),
      justification: 'joinery:test:1:W-1024',
    });
    const user = await userOf('W-1024');
    const { assignmentId: id } = done;
    const found = await simulator.graph.findAssignments(ids.packageId, user);
    expect(found).toMatchObject([{ id, assignmentStatus: 'delivered', userId: user }]);
  });

  test('for what the person holds already is a named conflict', async () => {
    const { id } = await submit('W-1025');
    await polled(id, ({ requestStatus }) => requestStatus === 'delivered');
    expect(await refusalOf(submit('W-1025'))).toMatchObject({
      kind: 'conflict',
      conflict: 'existing-grant',
      evidence: { graphStatus: 409, errorCode: 'InvalidRequestExistingGrant' },
    });
  });

  test('beside an open one is a named conflict, and the open one is found again', async () => {
    const first = await submit('W-1004', 'joinery:first:1:ledger');
    expect(await refusalOf(submit('W-1004', 'joinery:second:1:ledger'))).toMatchObject({
      kind: 'conflict',
      conflict: 'existing-open-request',
      evidence: { graphStatus: 400, errorCode: 'InvalidRequest/ExistingOpenRequest' },
    });
    const userId = await userOf('W-1004');
    const mark = 'joinery:first:1:ledger';
    const since = new Date().toISOString();
    const found = [
      await simulator.graph.findRequest(ids.packageId, mark, since),
      await simulator.graph.findOpenRequest([ids.packageId], (one) => one.userId === userId),
    ];
    expect(found).toMatchObject([
      { id: first.id, userId },
      { id: first.id, userId },
    ]);
  });

  test('is found by its package where the identity may not list the requests of the tenant', async () => {
    const { id } = await submit('W-1008');
    const userId = await userOf('W-1008');
    const refuseList = () =>
      simulator.injectFaults({
        match: { method: 'GET', path: 'assignmentRequests$' },
        ...{ times: 1, answer: { status: 403, code: 'UnAuthorized' } },
      });
    await refuseList();
    const since = new Date().toISOString();
    const own = await simulator.graph.findRequest(ids.packageId, 'joinery:test:1:W-1008', since);
    await refuseList();
    const theirs = await simulator.graph.findOpenRequest(
      [ids.packageId],
      (one) => one.userId === userId,
    );
    expect([own?.id, theirs?.id]).toEqual([id, id]);
  });

  test('that waits for an approval says so', async () => {
    const { id } = await submit('W-1005');
    const waiting = await polled(id, ({ requestStatus }) => requestStatus !== 'open');
    expect(waiting.requestStatus).toBe('waiting-for-approval');
    const denied = await polled(
      id,
      ({ requestStatus }) => requestStatus !== 'waiting-for-approval',
    );
    expect(denied.requestStatus).toBe('denied');
  });

  test('for a package that does not exist is not found', async () => {
    const call = simulator.graph.submitAssignmentRequest({
      ...ids,
      packageId: group(1),
      userId: await userOf('W-1026'),
      justification: 'x',
    });
    expect(await refusalOf(call)).toMatchObject({ conflict: 'not-found' });
  });
});

test('an unknown id is not found, and an invalid id is not sent', async () => {
  const { graph, log } = simulator;
  expect(await refusalOf(graph.getAccessPackage(group(1)))).toMatchObject({
    conflict: 'not-found',
  });
  const calls = (await log()).length;
  expect(await refusalOf(graph.getAccessPackage('../users'))).toMatchObject({
    kind: 'failed',
    why: 'invalid-request',
  });
  expect(await log()).toHaveLength(calls);
});
