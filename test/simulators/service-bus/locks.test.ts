import type { ServiceBusReceiver, ServiceBusSender } from '@azure/service-bus';
import { BRIEFLY, next, nextOf, numberOf, present, startTestBus, type TestBus } from './setup';

const NO_RENEWAL = { maxAutoLockRenewalDurationInMs: 0 };

let testBus: TestBus;
let sender: ServiceBusSender;
let receiver: ServiceBusReceiver;

beforeAll(async () => {
  testBus = await startTestBus({
    brief: { LockDuration: 'PT1S', MaxDeliveryCount: 2 },
    renewed: { LockDuration: 'PT5S' },
    ordinary: {},
  });
});
afterAll(() => testBus.close());
afterEach(async () => {
  await sender.close();
  await receiver.close();
});

function open(queue: string): void {
  sender = testBus.client.createSender(queue);
  receiver = testBus.client.createReceiver(queue, NO_RENEWAL);
}

test('a lock that runs out brings the message back counted, and at last dead-letters it', async () => {
  open('brief');
  await sender.sendMessages({ body: 'slow' });
  const first = await next(receiver);
  const second = await next(receiver);
  expect([first.deliveryCount, second.deliveryCount]).toEqual([0, 1]);
  await expect(receiver.completeMessage(first)).rejects.toMatchObject({ code: 'MessageLockLost' });
  const deadLetters = testBus.client.createReceiver('brief', { subQueueType: 'deadLetter' });
  const dead = await next(deadLetters);
  expect(dead.deadLetterReason).toBe('MaxDeliveryCountExceeded');
  await deadLetters.completeMessage(dead);
});

test('a renewed lock holds for another lock duration', async () => {
  open('renewed');
  await sender.sendMessages({ body: 'slow' });
  const message = await next(receiver);
  const before = message.lockedUntilUtc ?? new Date(0);
  expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 })).toEqual([]);
  const after = await receiver.renewMessageLock(message);
  expect(after.getTime()).toBeGreaterThan(before.getTime());
  expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 })).toEqual([]);
  await receiver.completeMessage(message);
});

test('a lost lock cannot be renewed', async () => {
  open('ordinary');
  await sender.sendMessages({ body: 'a' });
  const message = await next(receiver);
  await receiver.completeMessage(message);
  await expect(receiver.renewMessageLock(message)).rejects.toMatchObject({
    code: 'MessageLockLost',
  });
});

test('a lost lock is told to its own message although others are completed with it', async () => {
  open('ordinary');
  await sender.sendMessages([{ body: 0 }, { body: 1 }, { body: 2 }, { body: 3 }]);
  const messages = await nextOf(receiver, 4);
  // The same messages settled behind the link's back, over the management link.
  for (const at of [1, 2]) await settleOverManagement(at);
  const settled = await Promise.allSettled(messages.map((it) => receiver.completeMessage(it)));
  expect(settled.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
  ]);

  async function settleOverManagement(at: number): Promise<void> {
    const message = present(messages[at]);
    const other = testBus.client.createReceiver('ordinary');
    // A copy that knows no link is settled over $management.
    const delivery = { value: { link: { name: 'gone' } } };
    const copy = Object.create(message, { delivery }) as typeof message;
    await other.completeMessage(copy);
    await other.close();
  }
});

test('what a closed receiver held is settled over the management link', async () => {
  open('ordinary');
  const deadLetters = testBus.client.createReceiver('ordinary', { subQueueType: 'deadLetter' });
  await sender.sendMessages([{ body: 'c' }, { body: 'a' }, { body: 'd' }, { body: 'x' }]);
  const link = testBus.client.createReceiver('ordinary');
  const [completed, abandoned, deferred, dead] = await nextOf(link, 4);
  await closeLinkOnly(link);
  await link.completeMessage(present(completed));
  await link.abandonMessage(present(abandoned), { again: true });
  await link.deferMessage(present(deferred));
  await link.deadLetterMessage(present(dead), {
    deadLetterReason: 'R',
    deadLetterErrorDescription: 'D',
  });
  expect(await next(receiver)).toMatchObject({
    body: 'a',
    deliveryCount: 1,
    applicationProperties: { again: true },
  });
  const [again] = await receiver.receiveDeferredMessages(numberOf(present(deferred)));
  expect(again?.body).toBe('d');
  expect(await next(deadLetters)).toMatchObject({
    body: 'x',
    deadLetterReason: 'R',
    deadLetterErrorDescription: 'D',
  });
});

test('a message stays locked when its receiver goes away', async () => {
  open('ordinary');
  await sender.sendMessages({ body: 'held' });
  const holder = testBus.client.createReceiver('ordinary', { receiveMode: 'peekLock' });
  const held = await nextWith(holder, 'held');
  await holder.close();
  expect(await receiver.receiveMessages(1, BRIEFLY)).toEqual([]);
  expect(held.lockedUntilUtc?.getTime()).toBeGreaterThan(Date.now());
});

async function nextWith(from: ServiceBusReceiver, body: string): ReturnType<typeof next> {
  const message = await next(from);
  expect(message.body).toBe(body);
  return message;
}

/** Closes the AMQP link beneath a receiver, as a network fault would; the receiver itself stays usable. */
async function closeLinkOnly(of: ServiceBusReceiver): Promise<void> {
  const { _context: context } = of as unknown as {
    _context: {
      messageReceivers: Record<string, { entityPath: string; close: () => Promise<void> }>;
    };
  };
  for (const link of Object.values(context.messageReceivers)) await link.close();
}
