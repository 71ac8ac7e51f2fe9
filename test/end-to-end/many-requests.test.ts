import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults, type GraphCall } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* A package that 26,000 requests were made for in the past. */

const EM = '/v1.0/identityGovernance/entitlementManagement';
const requests = 'assignmentRequests$';
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
  const before = (await graphCalls(stack.graphUrl)).at(-1)?.n;
  const ending = outcomeOf('W-1183');
  await eventually('the open request is polled', async () =>
    (await graphCalls(stack.graphUrl, before)).some(({ path }) => path.endsWith(id)),
  );
  const reads = listed(await graphCalls(stack.graphUrl, before));
  expect(reads.length).toBeLessThan(10);
  await post(`/_control/requests/${id}/advance`, {});
  expect(await ending).toBe('delivered');
});

test('every invariant holds afterwards', async () => {
  const evidence = await eventually('all messages are completed', async () => {
    const found = await collectEvidence(stack);
    return found.queue.length === 0 && found;
  });
  const ours = evidence.graph.requests.filter(({ justification }) =>
    justification?.startsWith('joinery:'),
  );
  expect(
    violations({ ...evidence, graph: { ...evidence.graph, requests: ours } }, { sent }),
  ).toEqual([]);
});
