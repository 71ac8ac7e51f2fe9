import { ServiceBusClient } from '@azure/service-bus';
import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const people = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => joinerEvent(`W-${first + n}`));

const claims = () => readTable(stack.storage, 'claims', "RowKey eq 'claim'");

const closed = (count: number) =>
  eventually(`${count} are closed`, async () => {
    const rows = (await claims()).filter(({ state }) => state === 'closed');
    return rows.length === count ? rows : undefined;
  });

/** The number of objects that were created in this collection of Graph. */
const created = async (noun: string): Promise<number> =>
  (await graphCalls(stack.graphUrl)).filter(
    ({ method, path, status }) =>
      method === 'POST' && path.endsWith(`/${noun}`) && status !== null && status < 300,
  ).length;

/** Sends SIGTERM. Answers how the host ended, and after how many seconds. */
async function shutDown(): Promise<{ how: string | undefined; seconds: number }> {
  const began = Date.now();
  await stack.kill('host', 'SIGTERM');
  const how = stack.log.findLast((line) => line.startsWith('host: ended'));
  return { how: /\((.*)\)/.exec(how ?? '')?.[1], seconds: (Date.now() - began) / 1000 };
}

/** The delivery count of each message that the intake received, from the log of the host. */
const deliveries = () =>
  stack.log.flatMap((line) => /intake: .*\(delivery (\d+),/.exec(line)?.[1] ?? []).map(Number);

test('a host that stops with events in flight loses nothing and repeats nothing', async () => {
  await stack.send(people(1100, 40));
  await eventually('some have started', async () => (await claims()).length >= 10);
  expect(await shutDown()).toMatchObject({ how: 'exit code 0' });
  expect((await claims()).filter(({ state }) => state === 'closed').length).toBeLessThan(40);

  await stack.start('host');
  const rows = await closed(40);
  expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(['delivered']));
  expect(await created('accessPackages')).toBe(1);
  expect(await created('assignmentRequests')).toBe(40);
  expect(Math.max(...deliveries())).toBeLessThanOrEqual(2);
  const client = new ServiceBusClient(stack.serviceBus);
  const dead = client.createReceiver('provisioning-events', { subQueueType: 'deadLetter' });
  expect(await dead.peekMessages(1)).toEqual([]);
  await client.close();
}, 90_000);

test('a call that outlasts the shutdown limit is left to the next host, which finds its result', async () => {
  const rule = { match: { method: 'POST', path: 'assignmentRequests$' }, times: 1 };
  await injectGraphFaults(stack.graphUrl, [{ ...rule, answer: { delayMs: 25_000 } }]);
  await stack.send(people(1200, 1));
  await eventually('the request is made', async () => (await created('assignmentRequests')) === 41);
  const { how, seconds } = await shutDown();
  expect(how).toBe('exit code 0');
  expect(seconds).toBeLessThan(10);
  await stack.start('host');
  await closed(41);
  expect(await created('assignmentRequests')).toBe(41);
}, 90_000);

test('a message that is held because the stores are unavailable is released by its lock, at the cost of one delivery', async () => {
  await stack.kill('storage');
  await stack.send(people(1190, 1));
  await eventually('the message is held', () =>
    stack.log.some((line) => line.includes('"what":"held"')),
  );
  const { how, seconds } = await shutDown();
  expect(how).toBe('exit code 0');
  expect(seconds).toBeLessThan(10);
  await stack.start('storage');
  await stack.start('host');
  await closed(42);
  expect(deliveries().at(-1)).toBe(2);
}, 90_000);
