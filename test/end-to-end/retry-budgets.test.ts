import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const PATIENCE_SECONDS = 8;
const NOBODY_YET = 'W-4001';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ env: { CALL_PATIENCE: `${PATIENCE_SECONDS}s`, GRAPH_LAG: '100ms' } });
});
afterAll(() => stack.stop());

const sent: ReturnType<typeof messageOf>[] = [];
async function send(workerId: string, department: string): Promise<void> {
  const attributes = { department, workerType: 'employee' };
  const event = joinerEvent(workerId, { data: { attributes } });
  sent.push(messageOf(event));
  await stack.send([event]);
}

const outcomes = () =>
  eventually('every event is closed', async () => {
    const closed = await readTable(stack.storage, 'claims', `state eq 'closed'`);
    return closed.length === sent.length ? closed.map(({ outcome }) => outcome) : undefined;
  });

const unavailable = { status: 503, code: 'ServiceUnavailable' };

test('a person who comes after more than the patience for a call, then a package to make and a 503 at the submit: delivered', async () => {
  const submit = { method: 'POST', path: 'assignmentRequests$' };
  await injectGraphFaults(stack.graphUrl, [{ match: submit, times: 1, answer: unavailable }]);
  await send(NOBODY_YET, 'Finance');
  await eventually('the person is looked up for longer than the patience', async () => {
    const lookUps = (await graphCalls(stack.graphUrl)).filter(({ path }) => /\/users$/.test(path));
    const times = lookUps.map(({ at }) => Date.parse(at));
    return Math.max(...times) - Math.min(...times) > (PATIENCE_SECONDS + 2) * 1000;
  });
  const user = await fetch(`${stack.graphUrl}/_control/users`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ employeeId: NOBODY_YET }),
  });
  expect(user.status).toBe(200);
  expect(await outcomes()).toEqual(['delivered']);
}, 120_000);

test('three outages one after another, each within the patience and together far beyond it: delivered', async () => {
  const outage = (path: string) => ({
    match: { method: 'GET', path },
    forMs: (PATIENCE_SECONDS / 2) * 1000,
    answer: unavailable,
  });
  await injectGraphFaults(stack.graphUrl, ['/users$', '/resources$', '/assignments$'].map(outage));
  const began = Date.now();
  await send('W-1101', 'Sales');
  expect(await outcomes()).toEqual(['delivered', 'delivered']);
  expect(Date.now() - began).toBeGreaterThan(PATIENCE_SECONDS * 1000);
  const refused = (await graphCalls(stack.graphUrl)).filter(({ fault }) => fault !== undefined);
  const places = new Set(refused.map(({ path }) => path.split('/').at(-1)));
  expect([...places]).toEqual(expect.arrayContaining(['users', 'resources', 'assignments']));

  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
}, 120_000);
