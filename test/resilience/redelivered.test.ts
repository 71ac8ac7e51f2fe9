import { ServiceBusClient } from '@azure/service-bus';
import { eventually } from '../end-to-end/eventually';
import { broken, joined, type Sent } from './events';
import { gather, readTable } from './evidence';
import { violations } from './invariants';
import { modelOf, tenantOf, workerId } from './model';
import { QUEUE, startWorld, type World } from './world';

/** As many as a message may have before the last one. */
const GIVEN_BACK = 9;
const HEALTHY = 36;
const BAD = 5;

let world: World;
let client: ServiceBusClient;

beforeAll(async () => {
  world = await startWorld({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms' },
    files: {
      GRAPH_TENANT: tenantOf(GIVEN_BACK + HEALTHY + BAD),
      ACCESS_MODEL: modelOf(
        [{ key: 'package', catalog: 'catalog' }],
        [{ id: 'rule', department: 'Sales', packages: ['package'] }],
      ),
    },
  });
  client = new ServiceBusClient(world.serviceBus);
});
afterAll(async () => {
  await client.close();
  await world.stop();
});

const events = Array.from({ length: GIVEN_BACK + HEALTHY + BAD }, (_, n) =>
  joined({ workerId: workerId(n), attributes: { department: 'Sales' } }),
);

/** The first message has been delivered once for each of them, the last one once. */
async function giveBack(messages: readonly Sent[]): Promise<number[]> {
  const receiver = client.createReceiver(QUEUE);
  let counts: number[] = [];
  for (const [index, message] of messages.entries()) {
    await world.send([message]);
    const held = [];
    while (held.length <= index) held.push(...(await receiver.receiveMessages(index + 1)));
    for (const each of held) await receiver.abandonMessage(each);
    counts = held.map(({ deliveryCount = 0 }) => deliveryCount + 1);
  }
  await receiver.close();
  return counts.sort((one, other) => one - other);
}

test('messages at any of their deliveries are worked on, and bad ones among them are dead-lettered alone', async () => {
  world.signal('host', 'SIGKILL');
  await world.gone('host');
  const redelivered = events.slice(0, GIVEN_BACK);
  const bad = events.slice(-BAD).map(broken);
  const sent = [...redelivered, ...events.slice(GIVEN_BACK, -BAD), ...bad];
  expect(await giveBack(redelivered)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await world.send(sent.slice(GIVEN_BACK).toSorted((a, b) => a.bodyHash.localeCompare(b.bodyHash)));
  await world.start('host');

  const evidence = await eventually('all are at their ends', async () => {
    const claims = await readTable(world.storage, 'claims', `RowKey eq 'claim'`);
    if (claims.filter(({ state }) => state === 'closed').length < GIVEN_BACK + HEALTHY) return;
    const found = await gather(world);
    return found.queue.length === 0 && found.deadLetters.length === BAD ? found : undefined;
  });
  expect(violations(evidence, { sent })).toEqual([]);
  const letters = await client
    .createReceiver(QUEUE, { subQueueType: 'deadLetter' })
    .peekMessages(50);
  expect(
    letters.map(({ deadLetterReason, deliveryCount }) => [deadLetterReason, deliveryCount]),
  ).toEqual(Array(BAD).fill(['MaxDeliveryCountExceeded', 10]));
  const rejected = evidence.tables.audit.filter(({ kind }) => kind === 'rejected');
  expect(rejected).toHaveLength(BAD);
}, 60_000);
