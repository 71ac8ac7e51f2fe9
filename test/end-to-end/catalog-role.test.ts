import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* An identity with a role in each catalog and no permission in the tenant: it may list only requests that name a package. */

const identity = '40000000-0000-4000-8000-000000000001';
const assignmentManager = 'e2182095-804a-4656-ae11-64734e9b7ae5';
const EM = '/v1.0/identityGovernance/entitlementManagement';
const requests = 'assignmentRequests$';
const tenantFile = join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json');
const tenant = JSON.parse(readFileSync(tenantFile, 'utf8')) as { scripts: object[] };
const scripts = [
  ...tenant.scripts,
  { employeeId: 'W-1142', packageName: 'Engineering', states: [{ state: 'pendingApproval' }] },
  {
    employeeId: 'W-1144',
    states: [{ state: 'delivering', forMs: 3_600_000 }, { state: 'delivered' }],
  },
];
const app = {
  ...{ id: identity, appId: '41000000-0000-4000-8000-000000000001', displayName: 'joinery' },
  permissions: ['User.Read.All'],
};

const sent: TestMessage[] = [];
let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ files: { GRAPH_TENANT: { ...tenant, scripts, identities: [app] } } });
  expect((await hire('W-1140', 'Engineering')).ending).toBe('delivered');
  expect((await hire('W-1141', 'Finance')).ending).toBe('delivered');
  const link = `accessPackages/${await idOf('Finance')}/incompatibleAccessPackages/$ref`;
  const other = `${stack.graphUrl}${EM}/accessPackages/${await idOf('Engineering')}`;
  expect((await call('POST', `${EM}/${link}`, { '@odata.id': other })).status).toBe(204);
  const catalogs = (await (await call('GET', `${EM}/catalogs`)).json()) as {
    value: { id: string }[];
  };
  for (const { id } of catalogs.value) {
    const role = {
      ...{ principalId: identity, roleDefinitionId: assignmentManager },
      appScopeId: `/AccessPackageCatalog/${id}`,
    };
    const path = '/v1.0/roleManagement/entitlementManagement/roleAssignments';
    expect((await call('POST', path, role)).status).toBe(201);
  }
  expect((await call('PUT', '/_control/caller', { id: identity })).status).toBe(200);
});
afterAll(() => stack.stop());

const call = (method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${stack.graphUrl}${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });

async function idOf(displayName: string): Promise<string> {
  const filter = encodeURIComponent(`displayName eq '${displayName}'`);
  const answer = await call('GET', `${EM}/accessPackages?$filter=${filter}`);
  const { value } = (await answer.json()) as { value: { id: string }[] };
  return value[0]?.id ?? '';
}

/** Sends an event of the worker. Answers how it closes, and its settled assign row. */
async function hire(
  workerId: string,
  department: string,
): Promise<{ ending: string; row: Row | undefined }> {
  const attributes = { department, workerType: 'employee' };
  const id = `${workerId}-${department}-${sent.length}`;
  const event = joinerEvent(workerId, { id, data: { attributes, employmentId: department } });
  const message = messageOf(event);
  sent.push(message);
  await stack.send([event]);
  const rows = await eventually(`${id} is closed`, async () => {
    const found = await readTable(stack.storage, 'audit', `PartitionKey eq '${message.eventHash}'`);
    return found.some(({ kind }) => kind === 'closing') && found;
  });
  const closing = rows.find(({ kind }) => kind === 'closing');
  const row = rows.find(({ kind, step }) => kind === 'settled' && step === 'assign');
  return { ending: [closing?.['outcome'], closing?.['reason']].filter(Boolean).join(': '), row };
}

const failNextRequest = (answer: unknown): Promise<void> =>
  injectGraphFaults(stack.graphUrl, [
    { match: { method: 'POST', path: requests }, times: 1, answer },
  ]);

test('Graph refuses this identity a list of requests that names no package', async () => {
  const filter = encodeURIComponent(`state eq 'submitted'`);
  const answer = await call('GET', `${EM}/assignmentRequests?$filter=${filter}`);
  expect(answer.status).toBe(403);
});

test('the lost answer of a request is found among the requests of its package, and the person gets access', async () => {
  await failNextRequest('drop-after-commit');
  expect((await hire('W-1143', 'Finance')).ending).toBe('delivered');
  const calls = await graphCalls(stack.graphUrl);
  expect(calls.some(({ method, status }) => method === 'GET' && status === 403)).toBe(true);
});

test('a request that somebody else left open is found among the requests of its package, and polled', async () => {
  await call('PUT', '/_control/caller', { id: null });
  const packageId = await idOf('Finance');
  const list = async (path: string) => {
    const answer = (await (await call('GET', path)).json()) as { value: { id: string }[] };
    return answer.value[0]?.id;
  };
  const byPackage = encodeURIComponent(`accessPackage/id eq '${packageId}'`);
  const made = await call('POST', `${EM}/assignmentRequests`, {
    ...{ requestType: 'adminAdd', justification: 'by hand' },
    assignment: {
      targetId: await list(`/v1.0/users?$filter=employeeId eq 'W-1144'`),
      accessPackageId: packageId,
      assignmentPolicyId: await list(`${EM}/assignmentPolicies?$filter=${byPackage}`),
    },
  });
  const { id } = (await made.json()) as { id: string };
  await call('PUT', '/_control/caller', { id: identity });
  const before = (await graphCalls(stack.graphUrl)).at(-1)?.n;
  const polled = async () => {
    await eventually('the open request is polled', async () =>
      (await graphCalls(stack.graphUrl, before)).some(({ path }) => path.endsWith(id)),
    );
    await call('POST', `/_control/requests/${id}/advance`, {});
  };
  const [{ ending }] = await Promise.all([hire('W-1144', 'Finance'), polled()]);
  expect(ending).toBe('delivered');
});

test('an unlisted refusal because of a requested incompatible package: refused-sod, with the code in the row', async () => {
  expect((await hire('W-1142', 'Engineering')).ending).toBe('approval-required');
  await failNextRequest({ status: 409, code: 'IncompatibleAccess' });
  const { ending, row } = await hire('W-1142', 'Finance');
  expect(ending).toMatch(/^refused-sod: requested-incompatible-package:[a-z0-9-]+$/);
  expect(row).toMatchObject({ graphStatus: 409, errorCode: 'IncompatibleAccess' });
});

test('no refused list is taken for a missing permission: the app is ready, and logs none', async () => {
  const ready = await fetch(`${stack.hostUrl}/api/health/ready`);
  expect({ status: ready.status, body: await ready.text() }).toMatchObject({ status: 200 });
  expect(stack.log.filter((line) => line.includes('permission-missing'))).toEqual([]);
});

test('every invariant holds afterwards', async () => {
  await call('PUT', '/_control/caller', { id: null });
  const evidence = await collectEvidence(stack);
  const ours = evidence.graph.requests.filter(({ justification }) =>
    justification?.startsWith('joinery:'),
  );
  expect(
    violations({ ...evidence, graph: { ...evidence.graph, requests: ours } }, { sent }),
  ).toEqual([]);
});
