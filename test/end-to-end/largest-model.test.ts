import { collectEvidence, readGraph } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { joinerMessage, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/** Far more than one row could remember; Entra publishes no limit of the resources in a catalog or a package. */
const RESOURCES = 320;
const groupId = (n: number) => `10000000-0000-4000-8000-${String(n + 1).padStart(12, '0')}`;
const resource = (n: number) => ({
  ...{ originSystem: 'AadGroup', originId: groupId(n), role: 'Member' },
});
const all = Array.from({ length: RESOURCES }, (_, n) => n);

type Model = { accessPackages: { key: string; resources: object[] }[] };
const sketches = ['everything', 'half', 'further'].map((key) => ({ key, catalog: 'large' }));
const model = modelOf(
  sketches,
  sketches.map(({ key }) => ({ id: key, department: key, packages: [key] })),
) as Model;
/** One package has every resource of the catalog, one every second, and one a resource that comes after all others. */
const resourcesOf: Record<string, object[]> = {
  everything: all.map(resource),
  half: all.filter((n) => n % 2 === 0).map(resource),
  further: [resource(RESOURCES)],
};
const files = {
  ACCESS_MODEL: {
    ...model,
    accessPackages: model.accessPackages.map((one) => ({
      ...one,
      resources: resourcesOf[one.key],
    })),
  },
  GRAPH_TENANT: {
    ...tenantOf(4),
    groups: [...all, RESOURCES].map((n) => ({ id: groupId(n), displayName: `grp-${n}` })),
  },
};

const sent: TestMessage[] = [];
let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ env: { GRAPH_LAG_MS: '0', POLL_SCHEDULE: '200ms' }, files });
});
afterAll(() => stack.stop());

async function join(department: string) {
  const message = joinerMessage(workerId(sent.length), { department });
  sent.push(message);
  await stack.send([message.body]);
  return eventually(
    'the event is closed',
    async () => {
      const rows = await readTable(
        stack.storage,
        'audit',
        `PartitionKey eq '${message.eventHash}'`,
      );
      return rows.find(({ kind }) => kind === 'closing');
    },
    { seconds: 180, everyMs: 500 },
  );
}

test.each([
  ['everything', RESOURCES],
  ['half', RESOURCES / 2],
  ['further', 1],
])(
  `the package "%s" of a catalog with ${RESOURCES} resources is delivered with all its %d roles`,
  async (department, roles) => {
    expect(await join(department)).toMatchObject({ outcome: 'delivered' });
    const { graph } = await readGraph(stack.graphUrl);
    const made = graph.accessPackages.find(({ displayName }) => displayName.endsWith(department));
    expect(made?.roles).toHaveLength(roles);
  },
  200_000,
);

test('no row of these packages has a column that grows with them, and every invariant holds', async () => {
  const evidence = await collectEvidence(stack);
  const longest = Math.max(
    ...evidence.tables.packages.flatMap((row) =>
      Object.values(row).map((value) => String(value).length),
    ),
  );
  expect(longest).toBeLessThan(1_000);
  expect(violations(evidence, { sent })).toEqual([]);
});
