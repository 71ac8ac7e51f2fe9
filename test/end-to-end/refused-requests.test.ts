import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { injectGraphFaults } from '../support/simulator';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* What becomes of a request that Graph refuses, by the whole stack. */

const EM = '/v1.0/identityGovernance/entitlementManagement';
const tenantFile = join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json');
const tenant = JSON.parse(readFileSync(tenantFile, 'utf8')) as { scripts: object[] };
const scripts = [
  ...tenant.scripts,
  { employeeId: 'W-1162', states: [{ state: 'partiallyDelivered' }] },
  { employeeId: 'W-1163', states: [{ state: 'deliveryFailed' }] },
  { employeeId: 'W-1164', packageName: 'Engineering', states: [{ state: 'pendingApproval' }] },
];

const sent: TestMessage[] = [];
let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({
    env: { PARTIAL_GRACE: '1s' },
    files: { GRAPH_TENANT: { ...tenant, scripts } },
  });
});
afterAll(() => stack.stop());

/** Sends an event of the worker, who is now in the department too. Answers how it closes, and its settled row. */
async function hire(workerId: string, department: string): Promise<{ ending: string; row: Row }> {
  const id = `${workerId}-${department}-${sent.length}`;
  const attributes = { department, workerType: 'employee' };
  const event = joinerEvent(workerId, { id, data: { attributes, employmentId: department } });
  const message = messageOf(event);
  sent.push(message);
  await stack.send([event]);
  const rows = await eventually(`${id} is closed`, async () => {
    const found = await readTable(stack.storage, 'audit', `PartitionKey eq '${message.eventHash}'`);
    return found.some(({ kind }) => kind === 'closing') && found;
  });
  const closing = rows.find(({ kind }) => kind === 'closing');
  const row = rows.find(
    ({ kind, step, packageKey }) =>
      kind === 'settled' && step !== 'ensure' && packageKey === department.toLowerCase(),
  );
  if (!closing || !row) throw new Error('the event has both rows');
  return { ending: [closing['outcome'], closing['reason']].filter(Boolean).join(': '), row };
}

async function packageId(displayName: string): Promise<string> {
  const filter = encodeURIComponent(`displayName eq '${displayName}'`);
  const answer = await fetch(`${stack.graphUrl}${EM}/accessPackages?$filter=${filter}`);
  const { value } = (await answer.json()) as { value: { id: string }[] };
  return value[0]?.id ?? '';
}

/** An administrator says in Entra what the access model does not say. */
async function excludeHoldersOf(other: string, from: string): Promise<void> {
  const link = `${EM}/accessPackages/${await packageId(from)}/incompatibleAccessPackages/$ref`;
  const body = { '@odata.id': `${stack.graphUrl}${EM}/accessPackages/${await packageId(other)}` };
  const answer = await fetch(`${stack.graphUrl}${link}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(204);
}

const refuseOnce = (answer: object): Promise<void> =>
  injectGraphFaults(stack.graphUrl, [
    { match: { method: 'POST', path: 'assignmentRequests$' }, times: 1, answer },
  ]);

test('Graph refuses a request because of a package that only Entra calls incompatible: refused-sod, with the code in the row', async () => {
  expect((await hire('W-1160', 'Engineering')).ending).toBe('delivered');
  expect((await hire('W-1161', 'Finance')).ending).toBe('delivered');
  await excludeHoldersOf('Engineering', 'Finance');
  const { ending, row } = await hire('W-1160', 'Finance');
  expect(ending).toMatch(/^partly-delivered: holds-incompatible-package:[a-z0-9-]+$/);
  expect(row).toMatchObject({
    outcome: 'refused-sod',
    graphStatus: 400,
    errorCode: 'InvalidRequest',
    graphRequestId: expect.any(String) as string,
  });
});

test('Graph refuses a request because the person has requested an incompatible package: refused-sod, with the code in the row', async () => {
  expect((await hire('W-1164', 'Engineering')).ending).toBe('approval-required');
  await refuseOnce({ status: 409, code: 'IncompatibleAccess' });
  const { ending, row } = await hire('W-1164', 'Finance');
  expect(ending).toMatch(/^refused-sod: requested-incompatible-package:[a-z0-9-]+$/);
  expect(row).toMatchObject({ graphStatus: 409, errorCode: 'IncompatibleAccess' });
});

test('Graph refuses a request with an unlisted code and nothing incompatible is there: needs-attention, with the code in the row', async () => {
  await refuseOnce({ status: 400, code: 'PolicyNotSatisfied' });
  const { ending, row } = await hire('W-1165', 'Finance');
  expect(ending).toBe('needs-attention: unexpected-answer');
  expect(row).toMatchObject({ graphStatus: 400, errorCode: 'PolicyNotSatisfied' });
});

test('Graph refuses a request and does not let the app list the requests of the tenant: the row has the code of the request', async () => {
  await refuseOnce({ status: 400, code: 'PolicyNotSatisfied' });
  await injectGraphFaults(stack.graphUrl, [
    {
      match: { method: 'GET', path: 'assignmentRequests$' },
      times: 1,
      answer: { status: 403, code: 'UnAuthorized' },
    },
  ]);
  const { ending, row } = await hire('W-1166', 'Finance');
  expect(ending).toBe('needs-attention: unexpected-answer');
  expect(row).toMatchObject({ graphStatus: 400, errorCode: 'PolicyNotSatisfied' });
});

test.each([
  ['W-1167', { status: 404, code: 'ResourceNotFound' }],
  ['W-1168', { status: 404, code: '' }],
  ['W-1169', { status: 403, code: 'UnAuthorized' }],
])(
  'the row of %s has the code of the refused request, though each look for the cause is answered %j',
  async (workerId, answer) => {
    await refuseOnce({ status: 400, code: 'PolicyNotSatisfied' });
    const looks = ['incompatibleAccessPackages$', 'assignmentRequests$'].map((path) => ({
      ...{ match: { method: 'GET', path }, times: 1, answer },
    }));
    await injectGraphFaults(stack.graphUrl, looks);
    const { ending, row } = await hire(workerId, 'Finance');
    expect(ending).toBe('needs-attention: unexpected-answer');
    expect(row).toMatchObject({ graphStatus: 400, errorCode: 'PolicyNotSatisfied' });
  },
);

test('Graph refuses a request with 404 and an unknown code because of a package that is held: refused-sod', async () => {
  expect((await hire('W-1170', 'Engineering')).ending).toBe('delivered');
  await refuseOnce({ status: 404, code: 'IncompatibleAccess' });
  const { ending, row } = await hire('W-1170', 'Finance');
  expect(ending).toMatch(/^partly-delivered: holds-incompatible-package:[a-z0-9-]+$/);
  expect(row).toMatchObject({ graphStatus: 404, errorCode: 'IncompatibleAccess' });
});

test.each([
  ['W-1162', 'partly-delivered: partially-delivered'],
  ['W-1163', 'failed: delivery-failed'],
])(
  'the request of %s ended as %s: the next event has it carried out again, without a second one',
  async (workerId, first) => {
    expect((await hire(workerId, 'Finance')).ending).toBe(first);
    const { ending, row } = await hire(workerId, 'Finance');
    expect(ending).toBe('delivered');
    expect(row).toMatchObject({ step: 'reprocess', action: 'reprocess', outcome: 'delivered' });
  },
);

test('every invariant holds afterwards', async () => {
  const evidence = await collectEvidence(stack);
  expect(violations(evidence, { sent })).toEqual([]);
});
