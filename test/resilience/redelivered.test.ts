import { ServiceBusClient } from '@azure/service-bus';
import { eventually } from '../support/eventually';
import { joinerMessage, QUEUE, truncatedMessage, type TestMessage } from '../support/events';
import { readTable } from '../support/tables';
import { collectEvidence } from './invariants/evidence';
import { violations } from './invariants/violations';
import { modelOf, tenantOf, workerId } from './model';
import { startProxiedStack, type ProxiedStack } from './proxies/proxied-stack';

/** The deliveries that a message may have before its last one. */
const REDELIVERED = 9;
const HEALTHY = 36;
const INVALID = 5;

let stack: ProxiedStack;
let client: ServiceBusClient;

beforeAll(async () => {
  stack = await startProxiedStack({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms' },
    files: {
      GRAPH_TENANT: tenantOf(REDELIVERED + HEALTHY + INVALID),
      ACCESS_MODEL: modelOf(
        [{ key: 'package', catalog: 'catalog' }],
        [{ id: 'rule', department: 'Sales', packages: ['package'] }],
      ),
    },
  });
  client = new ServiceBusClient(stack.serviceBus);
});
afterAll(async () => {
  await client.close();
  await stack.stop();
});

const events = Array.from({ length: REDELIVERED + HEALTHY + INVALID }, (_, n) =>
  joinerMessage(workerId(n), { department: 'Sales' }),
);

/** Abandons messages so that the first was delivered once for each of them, and the last once. Answers the next delivery of each. */
async function abandon(messages: readonly TestMessage[]): Promise<number[]> {
  const receiver = client.createReceiver(QUEUE);
  let counts: number[] = [];
  for (const [index, message] of messages.entries()) {
    await stack.send([message.body]);
    const held = [];
    while (held.length <= index) held.push(...(await receiver.receiveMessages(index + 1)));
    for (const each of held) await receiver.abandonMessage(each);
    counts = held.map(({ deliveryCount = 0 }) => deliveryCount + 1);
  }
  await receiver.close();
  return counts.sort((one, other) => one - other);
}

test('messages are processed at any of their deliveries, and only the invalid ones among them are dead-lettered', async () => {
  await stack.kill('host');
  const redelivered = events.slice(0, REDELIVERED);
  const invalid = events.slice(-INVALID).map(truncatedMessage);
  const sent = [...redelivered, ...events.slice(REDELIVERED, -INVALID), ...invalid];
  expect(await abandon(redelivered)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const mixed = sent.slice(REDELIVERED).toSorted((a, b) => a.bodyHash.localeCompare(b.bodyHash));
  await stack.send(mixed.map(({ body }) => body));
  await stack.start('host');

  const evidence = await eventually(
    'all events are closed and all invalid messages dead-lettered',
    async () => {
      const claims = await readTable(stack.storage, 'claims', `RowKey eq 'claim'`);
      if (claims.filter(({ state }) => state === 'closed').length < REDELIVERED + HEALTHY) return;
      const found = await collectEvidence(stack);
      return found.queue.length === 0 && found.deadLetters.length === INVALID ? found : undefined;
    },
  );
  expect(violations(evidence, { sent })).toEqual([]);
  const deadLetters = await client
    .createReceiver(QUEUE, { subQueueType: 'deadLetter' })
    .peekMessages(50);
  expect(
    deadLetters.map(({ deadLetterReason, deliveryCount }) => [deadLetterReason, deliveryCount]),
  ).toEqual(Array(INVALID).fill(['MaxDeliveryCountExceeded', 10]));
  const rejected = evidence.tables.audit.filter(({ kind }) => kind === 'rejected');
  expect(rejected).toHaveLength(INVALID);
}, 60_000);
