import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSender,
} from '@azure/service-bus';
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

const HOUR = 3_600_000;

let testBus: TestBus;

beforeAll(async () => {
  testBus = await startTestBus({
    scheduled: {},
    'an-hour': { DefaultMessageTimeToLive: 'PT1H' },
    'sixty-days': { DefaultMessageTimeToLive: 'P60D' },
    'for-ever': { DefaultMessageTimeToLive: 'P10675199DT2H48M5.477S' },
    'dead-lettering': { DeadLetteringOnMessageExpiration: true },
    dropping: { DefaultMessageTimeToLive: 'PT1S' },
  });
});
afterAll(() => testBus.close());

function open(queue: string): [ServiceBusSender, ServiceBusReceiver, ServiceBusReceiver] {
  return [
    testBus.client.createSender(queue),
    testBus.client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 }),
    testBus.client.createReceiver(queue, { subQueueType: 'deadLetter' }),
  ];
}

const inMilliseconds = (count: number): Date => new Date(Date.now() + count);

describe('a scheduled message', () => {
  test('comes at its time, under a new sequence number', async () => {
    const [sender, receiver] = open('scheduled');
    const due = inMilliseconds(4000);
    const [number] = await sender.scheduleMessages({ body: 'later' }, due);
    expect(await receiver.receiveMessages(1, BRIEFLY)).toEqual([]);
    const message = await next(receiver);
    expect(message).toMatchObject({ body: 'later', state: 'scheduled' });
    expect(message.enqueuedTimeUtc?.getTime()).toBeGreaterThanOrEqual(due.getTime());
    expect(numberOf(message).greaterThan(present(number))).toBe(true);
    await receiver.completeMessage(message);
  });

  test('can be sent like any other, with its time', async () => {
    const [sender, receiver] = open('scheduled');
    await sender.sendMessages({ body: 'x', scheduledEnqueueTimeUtc: inMilliseconds(4000) });
    expect(await receiver.receiveMessages(1, BRIEFLY)).toEqual([]);
    await receiver.completeMessage(await next(receiver));
  });

  test('whose time is past comes at once', async () => {
    const [sender, receiver] = open('scheduled');
    await sender.scheduleMessages([{ body: 1 }, { body: 2 }], new Date(0));
    const both = await receiver.receiveMessages(2, SOON);
    expect(bodies(both)).toEqual([1, 2]);
    expect(both).toMatchObject([{ state: 'active' }, { state: 'active' }]);
    for (const message of both) await receiver.completeMessage(message);
  });

  test('that was sent with a time in the past reads as active, with that time', async () => {
    const [sender, receiver] = open('scheduled');
    const past = new Date(1_000_000_000_000);
    await sender.sendMessages({ body: 'x', scheduledEnqueueTimeUtc: past });
    const message = await next(receiver);
    expect(message).toMatchObject({ state: 'active', scheduledEnqueueTimeUtc: past });
    await receiver.completeMessage(message);
  });

  test('that is cancelled never comes, and cannot be cancelled twice', async () => {
    const [sender, receiver] = open('scheduled');
    const numbers = await sender.scheduleMessages([{ body: 1 }, { body: 2 }], inMilliseconds(4000));
    await sender.cancelScheduledMessages(numbers);
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 4500 })).toEqual([]);
    await expect(sender.cancelScheduledMessages(numbers)).rejects.toMatchObject({
      code: 'MessageNotFound',
    });
  });
});

describe('time to live', () => {
  const lifetimeOf = ({ expiresAtUtc, enqueuedTimeUtc }: ServiceBusReceivedMessage): number =>
    present(expiresAtUtc).getTime() - present(enqueuedTimeUtc).getTime();

  test("of a message is cut to that of its queue, and a message without one has the queue's", async () => {
    const [sender, receiver, deadLetters] = open('an-hour');
    await sender.sendMessages([
      ...[{ body: 'longer', timeToLive: 2 * HOUR }, { body: 'none' }],
      { body: 'shorter', timeToLive: 60_000 },
    ]);
    const peeked = await receiver.peekMessages(3);
    expect(peeked.map(lifetimeOf)).toEqual([HOUR, HOUR, 60_000]);
    const received = await nextOf(receiver, 3);
    expect(received.map(({ timeToLive }) => timeToLive)).toEqual([HOUR, HOUR, 60_000]);
    expect(received.map(lifetimeOf)).toEqual([HOUR, HOUR, 60_000]);
    for (const message of received) await receiver.deadLetterMessage(message);
    for (const dead of await nextOf(deadLetters, 3)) await deadLetters.completeMessage(dead);
  });

  test('of a scheduled message counts from its time', async () => {
    const [sender, receiver] = open('an-hour');
    const due = inMilliseconds(300);
    await sender.scheduleMessages({ body: 'x', timeToLive: 2 * HOUR }, due);
    const message = await next(receiver);
    expect(lifetimeOf(message)).toBe(HOUR);
    expect(message.expiresAtUtc?.getTime()).toBeGreaterThanOrEqual(due.getTime() + HOUR);
    await receiver.completeMessage(message);
  });

  test('of a queue can be longer than the header of a message can say', async () => {
    const [sender, receiver] = open('sixty-days');
    await sender.sendMessages([{ body: 'none' }, { body: 'shorter', timeToLive: HOUR }]);
    const received = await nextOf(receiver, 2);
    expect(received.map(lifetimeOf)).toEqual([60 * 24 * HOUR, HOUR]);
    for (const message of received) await receiver.completeMessage(message);
  });

  test('that the queue does not limit leaves a message that never expires', async () => {
    const [sender, receiver] = open('for-ever');
    await sender.sendMessages({ body: 'x' });
    const message = await next(receiver);
    expect(message.timeToLive).toBeUndefined();
    expect(message.expiresAtUtc?.getUTCFullYear()).toBeGreaterThan(9998);
    await receiver.completeMessage(message);
  });

  test('over, dead-letters the message where the queue says so', async () => {
    const [sender, , deadLetters] = open('dead-lettering');
    await sender.sendMessages({ body: 'old', timeToLive: 300 });
    const dead = await next(deadLetters);
    expect(dead).toMatchObject({ body: 'old', deadLetterReason: 'TTLExpiredException' });
    await deadLetters.completeMessage(dead);
  });

  test('over while the message is locked, takes effect when the lock is gone', async () => {
    const [sender, receiver, deadLetters] = open('dead-lettering');
    await sender.sendMessages({ body: 'held', timeToLive: 3000 });
    const held = await next(receiver);
    expect(await deadLetters.receiveMessages(1, { maxWaitTimeInMs: 3500 })).toEqual([]);
    await receiver.abandonMessage(held);
    const dead = await next(deadLetters);
    expect(dead).toMatchObject({ body: 'held', deadLetterReason: 'TTLExpiredException' });
    await deadLetters.completeMessage(dead);
  });

  test('over, drops the message where the queue does not dead-letter', async () => {
    const [sender, receiver, deadLetters] = open('dropping');
    await sender.sendMessages({ body: 'old', timeToLive: 60_000 });
    expect(await deadLetters.receiveMessages(1, { maxWaitTimeInMs: 1200 })).toEqual([]);
    expect(await receiver.peekMessages(1)).toEqual([]);
  });
});
