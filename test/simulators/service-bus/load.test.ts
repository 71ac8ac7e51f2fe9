import { once, EventEmitter } from 'node:events';
import { next, startTestBus, type TestBus } from './setup';

let testBus: TestBus;

beforeEach(async () => {
  testBus = await startTestBus({ orders: {} });
});
afterEach(() => testBus.close());

test('2,000 messages at once go through in seconds of CPU, each delivered once, flat over their number', async () => {
  const few = await cpuMsFor(500);
  const many = await cpuMsFor(2000);
  expect(many).toBeLessThan(15_000);
  // Twice what is in proportion: a quadratic step would make it four times.
  expect(many / few).toBeLessThan(8);
});

test('a queue that holds all it may refuses more and goes on when there is room again', async () => {
  const sender = testBus.client.createSender('orders');
  const body = Buffer.alloc(250_000);
  // A send has ten seconds, so only some at once.
  for (let sent = 0; sent < 400; sent += 20) {
    await Promise.all(Array.from({ length: 20 }, () => sender.sendMessages({ body })));
  }
  const more = async (): Promise<void> => {
    for (let at = 0; at < 30; at += 1) await sender.sendMessages({ body });
  };
  await expect(more()).rejects.toMatchObject({ code: 'QuotaExceeded' });
  const receiver = testBus.client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
  await next(receiver);
  await sender.sendMessages({ body });
});

/** The CPU of bus and client together. Other load on the cores makes it take longer, but not cost more. */
async function cpuMsFor(count: number): Promise<number> {
  const before = process.cpuUsage();
  const sender = testBus.client.createSender('orders');
  const numbered = Array.from({ length: count }, (_, at) => ({ body: { at } }));
  for (let at = 0; at < count; at += 100) await sender.sendMessages(numbered.slice(at, at + 100));
  const seen = new Set<number>();
  const end = new EventEmitter();
  const receiver = testBus.client.createReceiver('orders');
  const all = once(end, 'reached');
  receiver.subscribe(
    {
      processMessage({ body }) {
        const { at } = body as { at: number };
        if (seen.has(at)) end.emit('error', new Error(`message ${at} came twice`));
        if (seen.add(at).size === count) end.emit('reached');
        return Promise.resolve();
      },
      processError: ({ error }) => Promise.reject(error),
    },
    { maxConcurrentCalls: 50 },
  );
  await all;
  await receiver.close();
  expect(await testBus.client.createReceiver('orders').peekMessages(1)).toEqual([]);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
