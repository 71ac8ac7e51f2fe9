import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf } from '../resilience/model';
import { joinerMessage, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* People and names that Graph finds under another spelling. */

const user = (n: number) => `20000000-0000-4000-8000-00000000${n}`;
const KELVIN_SIGN = '\u212a';

const catalog = (n: number, displayName: string, packages: string[] = []) => ({
  id: `50000000-0000-4000-8000-00000000000${n}`,
  displayName,
  description: displayName.slice('Catalog '.length),
  resources: ['1', '2'].map((group) => ({
    originSystem: 'AadGroup',
    originId: `10000000-0000-4000-8000-00000000000${group}`,
  })),
  accessPackages: packages.map((name) => ({
    id: `60000000-0000-4000-8000-00000000000${n}`,
    displayName: name,
    description: displayName.slice('Catalog '.length),
    roles: [],
    policies: [],
  })),
});

const tenant = {
  ...tenantOf(2),
  users: [
    { employeeId: 'W-1030' },
    { employeeId: 'W-2040' },
    { employeeId: 'w-2040', id: user(9040), userPrincipalName: 'second@example.com' },
    { employeeId: 'W-2050' },
    { employeeId: `${KELVIN_SIGN}-2060`, userPrincipalName: 'kelvin@example.com' },
  ],
  catalogs: [
    catalog(1, 'CATALOG upper'),
    catalog(2, 'Catalog people', ['PACKAGE people']),
    catalog(3, 'Catalog form', ['Cafe\u0301']),
  ],
};

const keys = ['plain', 'upper', 'people', 'form'];
const sample = modelOf(
  keys.map((key) => ({ key, catalog: key })),
  keys.map((key) => ({ id: `${key}-rule`, department: key, packages: [key] })),
) as { accessPackages: { key: string; displayName: string }[] };
const model = {
  ...sample,
  accessPackages: sample.accessPackages.map((one) =>
    one.key === 'form' ? { ...one, displayName: 'Caf\u00e9' } : one,
  ),
};

const sent: TestMessage[] = [];
let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '500ms', IDENTITY_DEADLINE: '14d' },
    files: { GRAPH_TENANT: tenant, ACCESS_MODEL: model },
  });
}, 60_000);
afterAll(() => stack.stop());

/** Sends a joiner and answers how the event ended, with the person who was meant and the writes to Graph meanwhile. */
async function join(workerId: string, department: string) {
  const before = (await graphCalls(stack.graphUrl)).at(-1)?.n ?? 0;
  // What is stated last about somebody holds.
  const time = new Date(Date.parse('2026-11-20T09:30:00Z') + sent.length * 60_000).toISOString();
  const id = `${workerId}-${department}`;
  const message = joinerMessage(workerId, { department }, { id, envelope: { time } });
  sent.push(message);
  await stack.send([message.body]);
  const filter = `PartitionKey eq '${message.eventHash}' and kind eq 'closing'`;
  const closing = await eventually(`the end of ${workerId}`, async () => {
    const [row] = await readTable(stack.storage, 'audit', filter);
    return row;
  });
  const calls = await graphCalls(stack.graphUrl, before);
  return {
    outcome: closing['outcome'],
    reason: closing['reason'],
    targetId: closing['targetId'],
    writes: calls.filter(({ method }) => method !== 'GET').map(({ path }) => path),
  };
}

test('an event for w-1030 gives nothing to W-1030: it needs attention as identity-mismatch', async () => {
  const end = await join('w-1030', 'plain');
  expect(end).toMatchObject({ outcome: 'needs-attention', reason: 'identity-mismatch' });
  expect([end.targetId, end.writes]).toEqual([undefined, []]);
});

test('of two people whose ids differ only in case, the one with the exact id gets the access', async () => {
  expect(await join('w-2040', 'plain')).toMatchObject({
    outcome: 'delivered',
    targetId: user(9040),
  });
});

test('an id in another Unicode form of the same characters is the same id', async () => {
  const end = await join('K-2060', 'plain');
  expect(end).toMatchObject({ outcome: 'delivered', targetId: user(2060) });
});

test('a worker id that the directory cannot hold ends at planning, although nobody has it yet', async () => {
  expect(await join('W-10300000000000000', 'plain')).toMatchObject({
    outcome: 'needs-attention',
    reason: 'worker-id-too-long',
    writes: [],
  });
});

test.each([
  ['a catalog in upper case', 'upper', 'drift:catalog.displayName'],
  ['a package in upper case', 'people', 'drift:package.displayName'],
  ['a package in another Unicode form', 'form', 'drift:package.displayName'],
])('%s is a difference of its name, and no second one is created', async (_, key, reason) => {
  const end = await join('W-2050', key);
  expect(end).toMatchObject({ outcome: 'needs-attention', reason, writes: [] });
});

test('every invariant holds', async () => {
  const evidence = await collectEvidence(stack);
  // Those of the tenant, which are still the only ones of their names.
  expect(violations(evidence, { sent }).sort()).toEqual([
    'package without an intended row: Cafe\u0301',
    'package without an intended row: PACKAGE people',
  ]);
  expect(evidence.graph.assignments.map(({ targetId }) => targetId).sort()).toEqual(
    [user(2060), user(9040)].sort(),
  );
});
