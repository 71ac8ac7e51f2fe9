import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence, readGraph } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults, type GraphCall } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* A package that 26,000 requests were made for in the past. */

const EM = '/v1.0/identityGovernance/entitlementManagement';
const requests = 'assignmentRequests$';
/** The requests of the last minutes, and the open ones of each of four states: a page each. The past ones have 260 pages. */
const READS_OF_A_LOOK = 5;
const tenantFile = join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json');
const tenant = JSON.parse(readFileSync(tenantFile, 'utf8')) as object;
const sent: TestMessage[] = [];
let stack: TestStack;
beforeAll(async () => {
  const scripts = [
    {
      employeeId: 'W-1183',
      states: [{ state: 'delivering', forMs: 3_600_000 }, { state: 'delivered' }],
    },
  ];
  stack = await startStack({ files: { GRAPH_TENANT: { ...tenant, scripts } } });
  expect(await outcomeOf('W-1180')).toBe('delivered');
  const past = { packageName: 'Finance', employeeId: 'W-1181', count: 26_000 };
  expect((await post('/_control/past-requests', past)).status).toBe(200);
});
afterAll(() => stack.stop());

const post = (path: string, body: object): Promise<Response> =>
  fetch(`${stack.graphUrl}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

async function outcomeOf(workerId: string): Promise<unknown> {
  const event = joinerEvent(workerId);
  const message = messageOf(event);
  sent.push(message);
  await stack.send([event]);
  return eventually('the event is closed', async () => {
    const rows = await readTable(stack.storage, 'audit', `PartitionKey eq '${message.eventHash}'`);
    return rows.find(({ kind }) => kind === 'closing')?.['outcome'];
  });
}

const failNextRequest = (answer: unknown): Promise<void> =>
  injectGraphFaults(stack.graphUrl, [
    { match: { method: 'POST', path: requests }, times: 1, answer },
  ]);

const listed = (calls: GraphCall[]): GraphCall[] =>
  calls.filter(({ method, path }) => method === 'GET' && new RegExp(requests).test(path));

test('the lost answer of a request for it is found without reading the past ones, and the person gets access', async () => {
  const before = (await graphCalls(stack.graphUrl)).at(-1)?.n;
  await failNextRequest('drop-after-commit');
  expect(await outcomeOf('W-1182')).toBe('delivered');
  const reads = listed(await graphCalls(stack.graphUrl, before));
  expect(reads.length).toBeGreaterThan(0);
  expect(reads.length).toBeLessThan(5);
});

test('a request that somebody else left open for it is found without reading the past ones, and polled', async () => {
  const first = (path: string) =>
    fetch(`${stack.graphUrl}${path}`).then(async (answer) => {
      const { value } = (await answer.json()) as { value: { id: string }[] };
      return value[0]?.id;
    });
  const packageId = await first(`${EM}/accessPackages`);
  const other = {
    targetId: await first(`/v1.0/users?$filter=employeeId eq 'W-1183'`),
    accessPackageId: packageId,
    assignmentPolicyId: await first(`${EM}/assignmentPolicies`),
  };
  const made = await post(`${EM}/assignmentRequests`, {
    ...{ requestType: 'adminAdd', assignment: other, justification: 'by hand' },
  });
  const { id } = (await made.json()) as { id: string };
  // The plan reads a replica that does not show it yet; whoever looks afterwards reads one that does.
  await stack.advance('1s');
  await injectGraphFaults(stack.graphUrl, [
    {
      match: { method: 'GET', path: '/assignments$' },
      ...{ times: 1, answer: { list: 'lags', byMs: 60_000 } },
    },
  ]);
  const before = (await graphCalls(stack.graphUrl)).at(-1)?.n;
  const polled = async () => {
    await eventually('the open request is polled', async () =>
      (await graphCalls(stack.graphUrl, before)).some(({ path }) => path.endsWith(id)),
    );
    await post(`/_control/requests/${id}/advance`, {});
  };
  const [outcome] = await Promise.all([outcomeOf('W-1183'), polled()]);
  expect(outcome).toBe('delivered');
  const calls = await graphCalls(stack.graphUrl, before);
  const refused = calls.filter(({ method, status }) => method === 'POST' && status === 400);
  expect(refused.length).toBeGreaterThan(0);
  expect(listed(calls).length).toBeGreaterThan(0);
  expect(listed(calls).length).toBeLessThanOrEqual(refused.length * READS_OF_A_LOOK);
});

test('every invariant holds afterwards', async () => {
  const { graph } = await readGraph(stack.graphUrl);
  const open = graph.requests.filter(({ state }) => state === 'delivering');
  await Promise.all(open.map(({ id }) => post(`/_control/requests/${id}/advance`, {})));
  const evidence = await collectEvidence(stack);
  const ours = evidence.graph.requests.filter(({ justification }) =>
    justification?.startsWith('joinery:'),
  );
  expect(
    violations({ ...evidence, graph: { ...evidence.graph, requests: ours } }, { sent }),
  ).toEqual([]);
});
