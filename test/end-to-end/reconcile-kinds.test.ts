import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { eventually } from '../support/eventually';
import { joinerMessage } from '../support/events';
import { BY_HAND, objectId, reconciliationOf } from '../resilience/reconciliation';
import { startStack, type TestStack } from '../support/test-stack';

const START = new Date('2027-01-04T12:00:00Z');
const DEPARTMENTS = [
  'Sales',
  'Sales',
  'Sales',
  'Finance',
  'Finance',
  'Vault',
  'Audit',
  ...Array<string>(4).fill('Sales'),
];
const joiners = DEPARTMENTS.map((department, n) => joinerMessage(workerId(n), { department }));

type Sketched = { accessPackages: { key: string; policy: object }[] };
/** Whoever holds finance may not have audit; vault waits for an approval. */
const sketch = modelOf(
  [
    { key: 'sales', catalog: 'catalog' },
    { key: 'finance', catalog: 'catalog', incompatibleWith: ['audit'] },
    { key: 'audit', catalog: 'catalog' },
    { key: 'vault', catalog: 'catalog' },
  ],
  [
    { id: 'sales-rule', department: 'Sales', packages: ['sales'] },
    { id: 'finance-rule', department: 'Finance', packages: ['finance'] },
    { id: 'audit-rule', department: 'Audit', packages: ['audit'] },
    { id: 'vault-rule', department: 'Vault', packages: ['vault'] },
  ],
) as Sketched;
const stages = [{ durationBeforeAutomaticDenial: 'P60D', primaryApprovers: [{ managerLevel: 1 }] }];
const model = {
  ...sketch,
  reconcile: { taken: 'repair', 'wrong-end': 'repair' },
  accessPackages: sketch.accessPackages.map((one) =>
    one.key === 'vault'
      ? { ...one, policy: { ...one.policy, approval: { required: true, stages } } }
      : one,
  ),
};

jest.setTimeout(240_000);

let stack: TestStack;
let on: ReturnType<typeof reconciliationOf>;
beforeAll(async () => {
  stack = await startStack({
    now: START,
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{ CALL_PATIENCE: '60s', APPROVAL_DEADLINE: '3d', RECONCILE_SCHEDULE: '0 0 3 1 1 *' },
    },
    files: { GRAPH_TENANT: tenantOf(12), ACCESS_MODEL: model },
  });
  on = reconciliationOf(stack);
  await stack.send(joiners.map(({ body }) => body));
  await eventually('everybody has joined but for the approval', async () => {
    const claims = await on.claims();
    return claims.length === joiners.length && claims.every(({ state }) => state === 'closed');
  });
  const outcomes = (await on.claims()).map(({ outcome }) => outcome).sort();
  expect(outcomes).toEqual(['approval-required', ...joiners.slice(1).map(() => 'delivered')]);
  await stack.advance('20m');
}, 120_000);
afterAll(() => stack.stop());

test('what another system takes away is given back once, and then only reported', async () => {
  const requestsFor = async () => {
    const [{ requests }, packageId] = [await on.state(), await on.packageId('sales')];
    return requests.filter(
      (one) =>
        one.packageId === packageId &&
        one.targetId === objectId(0) &&
        one.justification?.startsWith('joinery:'),
    ).length;
  };
  await on.take(0, 'sales');
  expect((await on.reconcile()).named).toEqual([`taken ${workerId(0)} sales repair`]);
  await on.assignmentOf(0, 'sales');
  expect(await requestsFor()).toBe(2);

  await stack.advance('20m');
  await on.take(0, 'sales');
  for (const [time] of [['a day later'], ['and at any later time']]) {
    await stack.advance('24h');
    expect([time, ...((await on.reconcile()).named ?? [])]).toEqual([
      time,
      `taken ${workerId(0)} sales report`,
    ]);
  }
  expect(await requestsFor()).toBe(2);
});

test('an end that is too early, an incompatible pair and a rule of Entra are named, and the end is moved', async () => {
  // Somebody has given our assignment an end.
  const { id } = await on.assignmentOf(1, 'sales');
  const end = new Date(stack.now().getTime() + 30 * 24 * 3_600_000);
  await on.control('PATCH', `assignments/${id}`, {
    schedule: {
      startDateTime: START.toISOString(),
      expiration: { type: 'afterDateTime', endDateTime: end.toISOString(), duration: null },
    },
  });
  await on.give(3, 'audit');
  // An automatic policy gives what we gave.
  await on.take(2, 'sales');
  await on.control('POST', 'policies', {
    packageName: 'Package sales',
    rule: `(user.employeeId -eq "${workerId(2)}")`,
    members: { displayName: 'By rule' },
  });
  await eventually('the rule has given it', async () => {
    const { state } = await on.assignmentOf(2, 'sales').catch(() => ({ state: '' }));
    return /^delivered$/i.test(state);
  });

  const expected = [
    `by-rule ${workerId(2)} sales report`,
    `conflict ${workerId(3)} audit report`,
    `taken ${workerId(0)} sales report`,
  ];
  expect((await on.reconcile()).named).toEqual(
    [...expected, `wrong-end ${workerId(1)} sales repair`].sort(),
  );
  await stack.advance('20m');
  expect((await on.reconcile()).named).toEqual(expected);
});

test('a request that waits for its approval is stuck after the deadline and not before', async () => {
  const stuck = async () =>
    (await on.reconcile()).named?.filter((finding) => finding.includes(' vault '));
  expect(await stuck()).toEqual([]);
  await stack.advance('2d');
  expect(await stuck()).toEqual([`stuck ${workerId(5)} vault report`]);
});

const callGraph = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
  const url = `${stack.graphUrl}/v1.0/identityGovernance/entitlementManagement/${path}`;
  const answer = await fetch(url, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Answer;
};
/** As an administrator does it in the portal: whoever holds the package becomes an owner of its first group, too. */
async function addOwner(key: string): Promise<void> {
  const { resources } = await on.control<{ resources: { id: string; originId: string }[] }>(
    'GET',
    'state',
  );
  const [{ id, originId } = { id: '', originId: '' }] = resources;
  const originSystem = 'AadGroup';
  await callGraph('POST', `accessPackages/${await on.packageId(key)}/resourceRoleScopes`, {
    role: {
      ...{ displayName: 'Owner', originId: `Owner_${originId}`, originSystem },
      resource: { id, originId, originSystem },
    },
    scope: { originId, originSystem },
  });
}

test('a package, its roles and a policy that are not as the model says are named, each package once, with what to do', async () => {
  const drifted = async (): Promise<string[]> => {
    const { report, claim } = await on.reconcile();
    const found = report?.findings.filter(({ kind }) => kind === 'package-drift') ?? [];
    if (found.length > 0) expect(claim['outcome']).toBe('drift');
    return found.map(({ packageKey, remedy, next }) => `${packageKey} ${remedy}: ${next}`);
  };
  expect(await drifted()).toEqual([]);
  const { policies } = await on.state();
  const [sales, finance] = [await on.packageId('sales'), await on.packageId('finance')];
  const policy = policies.find(({ packageId }) => packageId === finance);
  await on.control('PATCH', `policies/${policy?.id ?? ''}`, { displayName: 'Renamed' });
  await on.control('PATCH', `accessPackages/${sales}`, { description: 'Another one.' });
  await on.control('PATCH', `accessPackages/${finance}`, { isHidden: true });
  // One package lacks a role of the model, and one has a role that the model does not give.
  const vault = await on.packageId('vault');
  const roles = `accessPackages/${vault}/resourceRoleScopes`;
  const [lost] = (await callGraph<{ value: { id: string }[] }>('GET', roles)).value;
  await on.control('DELETE', `roleScopes/${encodeURIComponent(`${vault}/${lost?.id}`)}`);
  await addOwner('audit');
  const next = 'Run joinery model plan, then joinery model apply or change the model.';
  expect(await drifted()).toEqual([
    `sales report: ${next} (drift:package.description)`,
    `finance report: ${next} (drift:package.hidden, drift:policy.displayName)`,
    `audit report: ${next} (drift:package.resourceRoleScopes)`,
    `vault report: ${next} (role-scope-gone)`,
  ]);
});

test('used limits are reported, of which one is used up: then nothing is repaired', async () => {
  const before = await on.reconcile();
  const headroom = Object.fromEntries(
    before.report?.headroom.map(({ what, used, limit }) => [what, [used, limit]]) ?? [],
  );
  const { accessPackages, policies, requests } = await on.state();
  const held = before.report?.scopes.reduce((sum, { holders }) => sum + holders, 0);
  expect(headroom).toEqual({
    packages: [accessPackages.length, 20_000],
    policies: [policies.length, 25_000],
    assignments: [held, 300_000],
    requests: [requests.length, 200_000],
  });
  await on.take(1, 'sales');
  await stack.kill('host');
  await stack.start('host', { ENTRA_REQUESTS: `${requests.length}` });
  expect((await on.reconcile()).named).toContain(`taken ${workerId(1)} sales none`);
  await stack.kill('host');
  await stack.start('host', { ENTRA_REQUESTS: '200000' });
  expect((await on.reconcile()).named).toContain(`taken ${workerId(1)} sales repair`);
});

test('every invariant holds', async () => {
  expect(
    violations(await collectEvidence(stack), { sent: joiners, others: [BY_HAND, ''] }),
  ).toEqual([]);
});
