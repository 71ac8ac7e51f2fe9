import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { joinerMessage, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const departments = ['Finance', 'Sales'];
/** The first group of the tenant; every package gives membership in it. */
const GROUP = '10000000-0000-4000-8000-000000000001';

const sent: TestMessage[] = [];
let stack: TestStack;
beforeAll(async () => {
  const model = modelOf(
    departments.map((name) => ({ key: name.toLowerCase(), catalog: name.toLowerCase() })),
    departments.map((name) => {
      const key = name.toLowerCase();
      return { id: key, department: name, packages: [key] };
    }),
  );
  stack = await startStack({
    env: { GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0', POLL_SCHEDULE: '100ms 200ms' },
    files: { ACCESS_MODEL: model, GRAPH_TENANT: tenantOf(8) },
  });
});
afterAll(() => stack.stop());

async function undeliverable(method: 'PUT' | 'DELETE', afterMs = 0): Promise<void> {
  const answer = await fetch(`${stack.graphUrl}/_control/resources/${GROUP}/undeliverable`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(method === 'PUT' && { body: JSON.stringify({ afterMs }) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Sends the event of one more joiner; answers its closing row. */
async function join(department: string) {
  const message = joinerMessage(workerId(sent.length), { department });
  sent.push(message);
  await stack.send([message.body]);
  return eventually('the event is closed', async () => {
    const key = `PartitionKey eq '${message.eventHash}'`;
    const rows = await readTable(stack.storage, 'audit', key);
    return rows.some(({ kind }) => kind === 'closing') ? rows : undefined;
  });
}

test.each([
  ['fails at once', 'Finance', 0],
  ['fails a moment later', 'Sales', 40],
])(
  'a resource whose request is answered 201 and %s: the event asks for a person, and once the cause is put right the next ones are delivered',
  async (_, department, afterMs) => {
    await undeliverable('PUT', afterMs);
    const failed = await join(department);
    expect(failed.at(-1)).toMatchObject({
      outcome: 'needs-attention',
      reason: 'resource-not-delivered',
    });
    expect(failed.find(({ kind }) => kind === 'settled')).toMatchObject({
      graphStatus: expect.any(Number) as number,
      errorCode: 'not-carried-out/deliveryFailed',
      graphRequestId: expect.any(String) as string,
    });
    expect((await join(department)).at(-1)).toMatchObject({ reason: 'resource-not-delivered' });

    await undeliverable('DELETE');
    const [one, other] = [await join(department), await join(department)];
    expect([one, other].map((rows) => rows.at(-1)?.['outcome'])).toEqual([
      'delivered',
      'delivered',
    ]);
  },
  120_000,
);

test('every invariant holds after these events', async () => {
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
});
