import { sentOf } from '../resilience/events';
import { gather, readTable } from '../resilience/evidence';
import { violations } from '../resilience/invariants';
import { joiner, sendTo } from './events';
import { eventually } from './eventually';
import { startStack, type TestStack } from './stack';

const EVENTS = Array.from({ length: 20 }, (_, n) => joiner(`W-${1100 + n}`));

let stack: TestStack;
beforeAll(async () => {
  // What a kill has lost is looked for, and tried again, within seconds.
  stack = await startStack({ env: { LOOK_AFTER: '5s', CALL_PATIENCE: '2m' } });
});
afterAll(() => stack.stop());

const claims = () => readTable(stack.storage, 'claims', "RowKey eq 'claim'");

test('the host and then the bus are killed with 20 events in flight: each ends once, nothing is doubled', async () => {
  await sendTo(stack.serviceBus, EVENTS);
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
  expect(closed.map(({ outcome }) => outcome)).toEqual(EVENTS.map(() => 'delivered'));
  const evidence = await eventually('all messages are completed', async () => {
    const found = await gather(stack);
    return found.queue.length === 0 ? found : undefined;
  });
  expect(violations(evidence, { sent: EVENTS.map(sentOf) })).toEqual([]);
  expect(evidence.graph.accessPackages).toHaveLength(1);
  expect(evidence.graph.policies).toHaveLength(1);
  expect(evidence.graph.requests).toHaveLength(20);
}, 120_000);
