import { TableClient } from '@azure/data-tables';
import { sentOf, type Sent } from '../resilience/events';
import { gather } from '../resilience/evidence';
import { violations } from '../resilience/invariants';
import { joiner, sendTo } from './events';
import { eventually } from './eventually';
import { startStack, type TestStack } from './stack';

const FINANCE_GROUP = '10000000-0000-4000-8000-000000000002';
const submitted = '/accessPackageAssignmentRequests/\\$ref$';
const bound = '/assignmentRequests/[^/]+/accessPackage/\\$ref$';
const polled = '/accessPackageAssignmentRequests/[^/$]+$';
const recorded = '/accessPackageAssignments/\\$ref$';

const sent: Sent[] = [];

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ env: { GRAPH_DIALECT: 'draft' } });
});
afterAll(() => stack.stop());

type Logged = { n: number; method: string; path: string; status: number | null };
async function log(after: number): Promise<Logged[]> {
  const answer = await fetch(`${stack.graphUrl}/_control/requests?since=${after}`);
  return ((await answer.json()) as { value: Logged[] }).value;
}
const calls = async (method: string, path: string, after: number): Promise<Logged[]> =>
  (await log(after)).filter((call) => call.method === method && new RegExp(path).test(call.path));
const succeeded = async (path: string, after: number): Promise<number> =>
  (await calls('POST', path, after)).filter(({ status }) => (status ?? 500) < 300).length;

/** Carries out the next such call, and keeps its answer back until nobody waits for it any more. */
async function hold(method: string, path: string): Promise<void> {
  const rule = { match: { method, path }, times: 1, answer: { delayMs: 600_000 } };
  const answer = await fetch(`${stack.graphUrl}/_control/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify([rule]),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function closing(workerId: string): Promise<unknown> {
  const table = TableClient.fromConnectionString(stack.storage, 'audit', {
    allowInsecureConnection: true,
  });
  const filter = `workerId eq '${workerId}' and kind eq 'closing'`;
  for await (const row of table.listEntities({ queryOptions: { filter } })) return row['outcome'];
  return undefined;
}

test.each([
  ['between 003 and 000', 'POST', submitted, 'W-1150'],
  ['after 000, before anybody here knows', 'POST', bound, 'W-1151'],
  ['between 000 and 004', 'GET', polled, 'W-1152'],
  ['after 004, before anybody here knows', 'POST', recorded, 'W-1153'],
])(
  'the host is killed %s: one request, bound once, one assignment recorded',
  async (_, method, path, workerId) => {
    const before = (await log(0)).at(-1)?.n ?? 0;
    await hold(method, path);
    const event = joiner(workerId);
    sent.push(sentOf(event));
    await sendTo(stack.serviceBus, [event]);
    await eventually('the call is held', async () =>
      (await calls(method, path, before)).length > 0 ? true : undefined,
    );
    await stack.kill('host');
    await stack.start('host');
    const outcome = await eventually('the event is closed', () => closing(workerId));
    expect(outcome).toBe('delivered');
    expect(await succeeded(submitted, before)).toBe(1);
    expect(await succeeded(bound, before)).toBe(1);
    expect(await succeeded(recorded, before)).toBe(1);
    const evidence = await eventually('all messages are completed', async () => {
      const found = await gather(stack);
      return found.queue.length === 0 ? found : undefined;
    });
    expect(violations(evidence, { sent })).toEqual([]);
    const user = `20000000-0000-4000-8000-00000000${workerId.slice(2)}`;
    const members = await fetch(
      `${stack.graphUrl}/v1.0/groups/${FINANCE_GROUP}/members?$select=id`,
    );
    expect(await members.text()).toContain(user);
  },
  90_000,
);
