import { TableClient } from '@azure/data-tables';
import { joiner, sendTo } from './events';
import { eventually } from './eventually';
import { startStack, type TestStack } from './stack';

const PEOPLE = Array.from({ length: 10 }, (_, n) => `W-${1100 + n}`);
const SECONDS = 5;
/** What was on its way when Graph spoke, or left before the answer was read. */
const ON_ITS_WAY_MS = 1_500;

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

type Logged = { at: string; method: string; path: string; status: number | null; fault?: object };

async function requests(): Promise<Logged[]> {
  const answer = await fetch(`${stack.graphUrl}/_control/requests`);
  return ((await answer.json()) as { value: Logged[] }).value;
}

async function rows(name: string, filter: string): Promise<Record<string, unknown>[]> {
  const table = TableClient.fromConnectionString(stack.storage, name, {
    allowInsecureConnection: true,
  });
  const found: Record<string, unknown>[] = [];
  for await (const row of table.listEntities({ queryOptions: { filter } })) found.push(row);
  return found;
}

test('one call is throttled: no run of any event calls until the time is over, a restarted host neither', async () => {
  const rule = {
    match: { method: 'POST', path: 'assignmentRequests$' },
    times: 1,
    answer: { status: 429, code: 'TooManyRequests', retryAfter: SECONDS },
  };
  await fetch(`${stack.graphUrl}/_control/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify([rule]),
  });
  await sendTo(
    stack.serviceBus,
    PEOPLE.map((worker) => joiner(worker)),
  );
  await eventually('everybody is told', async () =>
    (await rows('limits', `RowKey eq 'throttledUntil'`)).length > 0 ? true : undefined,
  );
  await stack.kill('host', 'SIGTERM');
  await stack.start('host');

  const closed = await eventually('all are closed', async () => {
    const claims = await rows('claims', `RowKey eq 'claim' and state eq 'closed'`);
    return claims.length === PEOPLE.length ? claims : undefined;
  });
  expect(closed.map(({ outcome }) => outcome)).toEqual(PEOPLE.map(() => 'delivered'));
  const log = await requests();
  const from = Date.parse(log.find(({ fault }) => fault !== undefined)?.at ?? '');
  const early = log.filter(
    ({ at }) => Date.parse(at) > from + ON_ITS_WAY_MS && Date.parse(at) < from + SECONDS * 1000,
  );
  expect(early).toEqual([]);
  const made = log.filter(({ method, path, status }) => {
    return method === 'POST' && path.endsWith('/assignmentRequests') && status === 201;
  });
  expect(made).toHaveLength(PEOPLE.length);
}, 90_000);
