import { classify } from '../../../shared/graph/errors';
import type { Dialect } from '../../../shared/graph/entitlements';
import {
  ensureToTheEnd,
  ledger,
  memoryTable,
  modelOf,
  payments,
  targetOf,
} from '../packages/ensure-harness';
import { eventually } from '../../support/eventually';
import { startSimulator, type Simulator } from '../../support/simulator';
import { recordAssignment } from './dialects/exchange';

/* Access that is given with an end, moved, repaired and taken away, against the simulator. */

type Ids = { packageId: string; catalogId: string; policyId: string };
const unknownId = '99999999-9999-4999-8999-999999999999';
const workerId = (number: number) => `20000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

async function packagesOf(simulator: Simulator): Promise<Record<'ledger' | 'payments', Ids>> {
  const model = modelOf(ledger, payments);
  const table = memoryTable();
  const ids = async (key: 'ledger' | 'payments'): Promise<Ids> => {
    const made = await ensureToTheEnd(simulator.graph, targetOf(model, key), table);
    if (made.kind !== 'done') throw new Error(JSON.stringify(made));
    const { accessPackageId: packageId, catalogId, assignmentPolicyId: policyId } = made;
    return { packageId, catalogId, policyId };
  };
  return { ledger: await ids('ledger'), payments: await ids('payments') };
}

async function control<Answer = unknown>(
  { url }: Simulator,
  method: string,
  path: string,
  body: object,
): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' };
  const sent = { method, headers, body: JSON.stringify(body) };
  const answer = await fetch(`${url}/_control/${path}`, sent);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Answer;
}

const meaningOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no refusal',
    (error: unknown) => classify(error),
  );

describe.each<Dialect>(['v1.0', 'beta'])('In %s', (dialect) => {
  let simulator: Simulator;
  let ids: Awaited<ReturnType<typeof packagesOf>>;
  beforeAll(async () => {
    simulator = await startSimulator(0, dialect, { deliveryMs: 10, pageSize: 2 });
    ids = await packagesOf(simulator);
  });
  afterAll(() => simulator.stop());

  const look = (worker: number) => simulator.graph.assignmentsOf(workerId(worker), []);
  const plant = (worker: number, more: object = {}) =>
    control<{ id: string }>(simulator, 'POST', 'assignments', {
      ...{ packageId: ids.ledger.packageId, userId: workerId(worker), ...more },
    });
  const ended = (id: string, status: string) =>
    eventually(
      `request ${id} is ${status}`,
      async () => (await simulator.graph.getAssignmentRequest(id)).requestStatus === status,
      { seconds: 10, everyMs: 20 },
    );

  test('a grant has the end that it asks for, an update moves it, and a removal ends the access', async () => {
    const { graph } = simulator;
    const until = inHours(24);
    const { packageId } = ids.ledger;
    const members = { requestorSettings: { allowCustomAssignmentSchedule: true } };
    const { id: policyId } = await control<{ id: string }>(simulator, 'POST', 'policies', {
      ...{ packageId, members },
    });
    const grant = { packageId, policyId, userId: workerId(1031), justification: 'one', until };
    await ended((await graph.submitAssignmentRequest(grant)).id, 'delivered');
    const [held] = await look(1031);
    expect(held).toMatchObject({ packageId, policyId, status: 'delivered', until });
    const assignmentId = held?.id ?? '';

    const later = inHours(48);
    const update = await graph.submitUpdate({ assignmentId, until: later, justification: 'two' });
    await ended(update.id, 'delivered');
    expect(await look(1031)).toMatchObject([{ id: assignmentId, until: later }]);
    const endless = await graph.submitUpdate({ assignmentId, until: null, justification: 'three' });
    await ended(endless.id, 'delivered');
    expect(await look(1031)).toMatchObject([{ id: assignmentId, until: undefined }]);

    const removal = await graph.submitRemoval({ assignmentId, justification: 'four' });
    expect(removal).toMatchObject({ requestType: 'adminRemove', requestStatus: 'open' });
    await ended(removal.id, 'delivered');
    await eventually('the assignment is gone', async () => (await look(1031)).length === 0);
  });

  test('everything that a person holds is found over all packages and pages', async () => {
    const made = [
      await plant(1032),
      await plant(1032, { packageId: ids.payments.packageId, until: inHours(1) }),
      await plant(1032, { state: 'partiallyDelivered' }),
    ];
    await plant(1033);
    const found = await look(1032);
    expect(found.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    expect(found.map(({ status }) => status)).toEqual(['delivered', 'delivered', 'partial']);
    expect(found.map(({ packageId }) => packageId)).toEqual([
      ...[ids.ledger.packageId, ids.payments.packageId, ids.ledger.packageId],
    ]);
  });

  test('the open requests of a person are found, whoever made them, and no others', async () => {
    const open = (worker: number, more: object) =>
      control<{ id: string }>(simulator, 'POST', 'requests', {
        ...{ packageId: ids.ledger.packageId, userId: workerId(worker), ...more },
      });
    const held = await plant(1034);
    const removal = await open(1034, { requestType: 'adminRemove', justification: 'theirs' });
    const waiting = await open(1034, {
      ...{ packageId: ids.payments.packageId, requestType: 'userAdd', state: 'pendingApproval' },
    });
    await open(1035, {});
    const found = await simulator.graph.requestsOf(workerId(1034), []);
    expect(found).toHaveLength(2);
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          ...{ id: removal.id, requestType: 'adminRemove', justification: 'theirs' },
          ...{ packageId: ids.ledger.packageId, status: 'open', assignmentId: held.id },
        }),
        expect.objectContaining({
          ...{ id: waiting.id, requestType: 'userAdd', status: 'waiting-for-approval' },
          ...{ packageId: ids.payments.packageId, assignmentId: undefined },
        }),
      ]),
    );
  });

  test('a failed request is carried out again, and a delivered assignment made whole', async () => {
    const { graph } = simulator;
    const { packageId, policyId } = ids.ledger;
    const failing = { packageId, policyId, userId: workerId(1009), justification: 'fails' };
    const { id } = await graph.submitAssignmentRequest(failing);
    await ended(id, 'failed');
    await graph.reprocessRequest(id);
    await ended(id, 'delivered');
    const [held] = await look(1009);
    await graph.reprocessAssignment(held?.id ?? '');
    expect(await meaningOf(graph.reprocessRequest(id))).toMatchObject({ kind: 'failed' });
  });

  test('refusals of changes are classified', async () => {
    const { graph } = simulator;
    const removal = (assignmentId: string) =>
      meaningOf(graph.submitRemoval({ assignmentId, justification: 'x' }));
    const update = (assignmentId: string) =>
      meaningOf(graph.submitUpdate({ assignmentId, until: inHours(1), justification: 'x' }));
    const conflict = (name: string) => ({ kind: 'conflict', conflict: name });
    expect(await removal(unknownId)).toMatchObject(conflict('not-found'));
    expect(await update(unknownId)).toMatchObject(conflict('not-found'));
    expect(await meaningOf(graph.reprocessAssignment(unknownId))).toMatchObject(
      conflict('not-found'),
    );
    expect(await meaningOf(graph.reprocessRequest(unknownId))).toMatchObject(conflict('not-found'));
    expect(await meaningOf(graph.policyInForce(unknownId))).toMatchObject(conflict('not-found'));

    const held = await plant(1036);
    const open = await control<{ id: string }>(simulator, 'POST', 'requests', {
      ...{ packageId: ids.ledger.packageId, userId: workerId(1036), requestType: 'adminRemove' },
    });
    expect(await removal(held.id)).toMatchObject(conflict('existing-open-request'));
    expect(await update(held.id)).toMatchObject(conflict('existing-open-request'));
    await control(simulator, 'POST', `requests/${open.id}/advance`, {});
    await eventually('the assignment is gone', async () => (await look(1036)).length === 0);
    expect(await removal(held.id)).toMatchObject(conflict('no-active-grant'));
    expect(await update(held.id)).toMatchObject(conflict('no-active-grant'));
  });

  test('the policy in force says whether it needs approval, allows a schedule and follows a rule', async () => {
    const { graph } = simulator;
    const policy = async (members: object, more: object = {}) => {
      const body = { packageId: ids.ledger.packageId, members, ...more };
      const { id } = await control<{ id: string }>(simulator, 'POST', 'policies', body);
      return graph.policyInForce(id);
    };
    expect(await graph.policyInForce(ids.ledger.policyId)).toMatchObject({
      ...{ packageId: ids.ledger.packageId, approval: 'not-required', automatic: false },
      schedule: 'allowed',
    });
    expect(
      await policy({
        requestApprovalSettings: { isApprovalRequiredForAdd: true },
        requestorSettings: { allowCustomAssignmentSchedule: false },
        expiration: { type: 'afterDuration', duration: 'P30D' },
      }),
    ).toMatchObject({
      ...{ approval: 'required', approvalOfUpdate: 'not-required', schedule: 'forbidden' },
      expiration: { type: 'afterDuration', duration: 'P30D' },
    });
    const rule = 'user.department -eq "Nobody"';
    expect(await policy({}, { rule })).toMatchObject({ automatic: true, schedule: 'forbidden' });
  });
});

test('In draft the access ends by its request or its policy, whichever is first, and can be seen', async () => {
  const simulator = await startSimulator(0, 'draft', { deliveryMs: 10 });
  const { ledger: ids } = await packagesOf(simulator);
  const { graph } = simulator;
  const userId = workerId(1031);
  const until = inHours(24);
  const grant = { ...ids, userId, until, justification: `joinery:${'c'.repeat(64)}:1:ledger` };
  const request = await graph.submitAssignmentRequest(grant);
  await graph.bindRequest(request.id, ledger);
  await recordAssignment(graph, { ...grant, from: new Date().toISOString() });
  expect(await graph.assignmentsOf(userId, [])).toMatchObject([
    { packageId: ids.packageId, policyId: ids.policyId, status: 'delivered', until },
  ]);
  await simulator.stop();
});

test('A caller who may not list the tenant sees what a person has of the packages that it names', async () => {
  const simulator = await startSimulator(0, 'v1.0', { deliveryMs: 10 });
  const { ledger: ids, payments: others } = await packagesOf(simulator);
  const userId = workerId(1031);
  const first = { packageId: ids.packageId, userId };
  const { id } = await control<{ id: string }>(simulator, 'POST', 'assignments', first);
  const second = { packageId: others.packageId, userId };
  const open = await control<{ id: string }>(simulator, 'POST', 'requests', second);
  const forbidden = { status: 403, code: 'UnAuthorized' };
  const em = '/v1.0/identityGovernance/entitlementManagement';
  await simulator.injectFaults(
    { match: { path: `${em}/assignments` }, nth: 1, answer: forbidden },
    { match: { path: `${em}/assignmentRequests` }, nth: 1, answer: forbidden },
  );
  const packageIds = [ids.packageId, others.packageId];
  expect(await simulator.graph.assignmentsOf(userId, packageIds)).toMatchObject([{ id }]);
  expect(await simulator.graph.requestsOf(userId, packageIds)).toMatchObject([{ id: open.id }]);
  await simulator.stop();
});
