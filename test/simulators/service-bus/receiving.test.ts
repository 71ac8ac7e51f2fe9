import { once, EventEmitter } from 'node:events';
import type { PeekMessagesOptions, ServiceBusSender } from '@azure/service-bus';
import {
  bodies,
  BRIEFLY,
  next,
  nextOf,
  numberOf,
  present,
  SOON,
  startTestBus,
  type TestBus,
} from './setup';

let testBus: TestBus;
let sender: ServiceBusSender;

beforeEach(async () => {
  testBus = await startTestBus({ orders: {}, other: {} });
  sender = testBus.client.createSender('orders');
});
afterEach(() => testBus.close());

test('receive-and-delete takes a message out when it is received', async () => {
  const receiver = testBus.client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
  await sender.sendMessages([{ body: 1 }, { body: 2 }]);
  expect(bodies(await nextOf(receiver, 2))).toEqual([1, 2]);
  expect(await receiver.peekMessages(2)).toEqual([]);
});

test('a receiver that asks for more than there is gets what there is', async () => {
  const receiver = testBus.client.createReceiver('orders');
  await sender.sendMessages([{ body: 1 }, { body: 2 }]);
  const started = Date.now();
  expect(bodies(await receiver.receiveMessages(10, SOON))).toEqual([1, 2]);
  expect(Date.now() - started).toBeLessThan(SOON.maxWaitTimeInMs / 2);
});

test('an empty queue is drained at once and the receiver stays usable', async () => {
  const receiver = testBus.client.createReceiver('orders');
  for (let round = 0; round < 3; round += 1) {
    expect(await receiver.receiveMessages(5, BRIEFLY)).toEqual([]);
  }
  await sender.sendMessages({ body: 'late' });
  expect((await next(receiver)).body).toBe('late');
});

test('a subscriber gets messages as they come and abandons what its handler fails on', async () => {
  const seen = new EventEmitter();
  const deliveries: [unknown, number | undefined][] = [];
  testBus.client.createReceiver('orders').subscribe({
    processMessage({ body, deliveryCount }) {
      deliveries.push([body, deliveryCount]);
      if (deliveryCount === 0) return Promise.reject(new Error('first try fails'));
      seen.emit('done');
      return Promise.resolve();
    },
    processError: () => Promise.resolve(),
  });
  const done = once(seen, 'done');
  await sender.sendMessages({ body: 'a' });
  await done;
  expect(deliveries).toEqual([
    ['a', 0],
    ['a', 1],
  ]);
});

test('two receivers share the messages and none is delivered twice', async () => {
  const one = testBus.client.createReceiver('orders');
  const two = testBus.client.createReceiver('orders');
  const [waitingOne, waitingTwo] = [nextOf(one, 10), nextOf(two, 10)];
  await sender.sendMessages(Array.from({ length: 20 }, (_, at) => ({ body: at })));
  const received = [...(await waitingOne), ...(await waitingTwo)];
  expect(new Set(bodies(received)).size).toBe(20);
});

test('queues are found in any case and keep their own messages', async () => {
  await sender.sendMessages({ body: 'for orders' });
  const receiver = testBus.client.createReceiver('ORDERS');
  expect((await next(receiver)).body).toBe('for orders');
  expect(await testBus.client.createReceiver('other').peekMessages(1)).toEqual([]);
});

describe('peek', () => {
  test('shows messages of every state in the order of their numbers and locks none', async () => {
    const receiver = testBus.client.createReceiver('orders');
    await sender.sendMessages([{ body: 'locked' }, { body: 'deferred' }, { body: 'active' }]);
    const [, deferred] = await nextOf(receiver, 2);
    await receiver.deferMessage(present(deferred));
    await sender.scheduleMessages({ body: 'scheduled' }, new Date(Date.now() + 3_600_000));
    const peeked = await receiver.peekMessages(10);
    expect(bodies(peeked)).toEqual(['locked', 'deferred', 'active', 'scheduled']);
    expect(peeked.map(({ state }) => state)).toEqual(['active', 'deferred', 'active', 'scheduled']);
    expect(peeked[2]?.lockToken).toBeUndefined();
    expect((await next(receiver)).body).toBe('active');
  });

  test('goes on after what it showed last, and starts where it is told', async () => {
    const receiver = testBus.client.createReceiver('orders');
    await sender.sendMessages([0, 1, 2, 3, 4].map((body) => ({ body })));
    const first = await receiver.peekMessages(2);
    expect(bodies(first)).toEqual([0, 1]);
    expect(bodies(await receiver.peekMessages(2))).toEqual([2, 3]);
    const from = { fromSequenceNumber: numberOf(present(first[1])) };
    expect(bodies(await receiver.peekMessages(10, from))).toEqual([1, 2, 3, 4]);
  });

  test('can leave out the body', async () => {
    const receiver = testBus.client.createReceiver('orders');
    await sender.sendMessages({ body: 'long', subject: 'kept' });
    // The SDK takes the option but does not publish it.
    const withoutBody = { omitMessageBody: true } as PeekMessagesOptions;
    const [peeked] = await receiver.peekMessages(1, withoutBody);
    expect(peeked).toMatchObject({ subject: 'kept' });
    expect(peeked?.body).toBeUndefined();
    expect((await next(receiver)).body).toBe('long');
  });
});
