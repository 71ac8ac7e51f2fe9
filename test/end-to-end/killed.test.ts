import { TableClient } from '@azure/data-tables';
import { joiner, sendTo } from './events';
import { eventually } from './eventually';
import { startStack, type TestStack } from './stack';

const PEOPLE = Array.from({ length: 20 }, (_, n) => `W-${1100 + n}`);

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

async function claims() {
  const table = TableClient.fromConnectionString(stack.storage, 'claims', {
    allowInsecureConnection: true,
  });
  const rows = [];
  const filter = `RowKey eq 'claim'`;
  for await (const row of table.listEntities({ queryOptions: { filter } })) rows.push(row);
  return rows;
}

type Logged = { method: string; path: string; status: number };

async function created(noun: string): Promise<number> {
  const answer = await fetch(`${stack.graphUrl}/_control/requests`);
  const log = (await answer.json()) as Logged[] | { value: Logged[] };
  const requests = Array.isArray(log) ? log : log.value;
  return requests.filter(
    ({ method, path, status }) => method === 'POST' && path.endsWith(`/${noun}`) && status < 300,
  ).length;
}

test('the host and then the bus are killed with 20 events in flight: each ends once, nothing is doubled', async () => {
  await sendTo(
    stack.serviceBus,
    PEOPLE.map((worker) => joiner(worker)),
  );
  await eventually('some have started', async () =>
    (await claims()).length >= 5 ? true : undefined,
  );
  await stack.kill('host');
  await stack.start('host');
  await eventually('some have gone on', async () =>
    (await claims()).length >= 12 ? true : undefined,
  );
  await stack.kill('service-bus');
  await stack.start('service-bus');

  const closed = await eventually(
    'all are closed',
    async () => {
      const rows = await claims();
      return rows.filter(({ state }) => state === 'closed').length === 20 ? rows : undefined;
    },
    90,
  );
  expect(closed.map(({ outcome }) => outcome)).toEqual(PEOPLE.map(() => 'delivered'));
  expect(await created('accessPackages')).toBe(1);
  expect(await created('assignmentPolicies')).toBe(1);
  expect(await created('assignmentRequests')).toBe(20);
}, 120_000);
