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
  startTestBus,
  type TestBus,
} from './setup';

let testBus: TestBus;
let sender: ServiceBusSender;
let receiver: ServiceBusReceiver;
let deadLetters: ServiceBusReceiver;

beforeEach(async () => {
  testBus = await startTestBus({ orders: { MaxDeliveryCount: 3 } });
  sender = testBus.client.createSender('orders');
  receiver = testBus.client.createReceiver('orders');
  deadLetters = testBus.client.createReceiver('orders', { subQueueType: 'deadLetter' });
});
afterEach(() => testBus.close());

describe('complete', () => {
  test('removes the message', async () => {
    await sender.sendMessages({ body: 'a' });
    await receiver.completeMessage(await next(receiver));
    expect(await receiver.peekMessages(1)).toEqual([]);
  });

  test('works for many messages settled in one turn of the event loop', async () => {
    await sender.sendMessages(Array.from({ length: 50 }, (_, at) => ({ body: at })));
    const messages = await nextOf(receiver, 50);
    await Promise.all(messages.map((message) => receiver.completeMessage(message)));
    expect(await receiver.peekMessages(50)).toEqual([]);
  });
});

describe('abandon', () => {
  test('brings the message back counted, with the given properties and in its old place', async () => {
    await sender.sendMessages([{ body: 'a', applicationProperties: { kept: 1 } }, { body: 'b' }]);
    const first = await next(receiver);
    await receiver.abandonMessage(first, { tried: 'once', kept: 2 });
    const [again, other] = await nextOf(receiver, 2);
    expect(again).toMatchObject({
      body: 'a',
      deliveryCount: 1,
      sequenceNumber: first.sequenceNumber,
      applicationProperties: { kept: 2, tried: 'once' },
    });
    expect(other?.body).toBe('b');
  });

  test('dead-letters the message at the last delivery that is allowed', async () => {
    await sender.sendMessages({ body: 'poison', messageId: 'p-1' });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const message = await next(receiver);
      expect(message.deliveryCount).toBe(attempt);
      await receiver.abandonMessage(message);
    }
    expect(await receiver.receiveMessages(1, BRIEFLY)).toEqual([]);
    expect(await next(deadLetters)).toMatchObject({
      messageId: 'p-1',
      deadLetterReason: 'MaxDeliveryCountExceeded',
      deadLetterErrorDescription: 'Message could not be consumed after 3 delivery attempts.',
    });
  });

  test('says on redelivery that the receiver is not the first acquirer', async () => {
    await sender.sendMessages({ body: 'a' });
    const first = await next(receiver);
    await receiver.abandonMessage(first);
    const again = await next(receiver);
    expect(first._rawAmqpMessage.header?.firstAcquirer).toBeUndefined();
    expect(again._rawAmqpMessage.header?.firstAcquirer).toBe(false);
  });
});

describe('dead-letter', () => {
  test('moves the message with reason, description and properties', async () => {
    await sender.sendMessages({ body: 'bad', applicationProperties: { kept: true } });
    const message = await next(receiver);
    await receiver.deadLetterMessage(message, {
      deadLetterReason: 'BadData',
      deadLetterErrorDescription: 'no start date',
      extra: 5,
    });
    expect(await receiver.peekMessages(1)).toEqual([]);
    const dead = await next(deadLetters);
    expect(dead).toMatchObject({
      body: 'bad',
      deadLetterReason: 'BadData',
      deadLetterErrorDescription: 'no start date',
      sequenceNumber: message.sequenceNumber,
    });
    expect(dead.applicationProperties).toMatchObject({ extra: 5, kept: true });
    expect(dead.deadLetterSource).toBeUndefined();
  });

  test('needs no reason', async () => {
    await sender.sendMessages({ body: 'bad' });
    await receiver.deadLetterMessage(await next(receiver));
    const dead = await next(deadLetters);
    expect(dead.body).toBe('bad');
    expect(dead.deadLetterReason).toBeUndefined();
  });
});

describe('defer', () => {
  test('hides the message from receivers until it is asked for by its number', async () => {
    await sender.sendMessages({ body: 'later' });
    const message = await next(receiver);
    await receiver.deferMessage(message, { note: 'not now' });
    expect(await receiver.receiveMessages(1, BRIEFLY)).toEqual([]);
    const [peeked] = await receiver.peekMessages(1);
    expect(peeked?.state).toBe('deferred');
    const [deferred] = await receiver.receiveDeferredMessages(numberOf(message));
    expect(deferred).toMatchObject({ body: 'later', deliveryCount: 1, state: 'deferred' });
    expect(deferred?.applicationProperties).toEqual({ note: 'not now' });
    await receiver.completeMessage(present(deferred));
    expect(await receiver.peekMessages(1, { fromSequenceNumber: numberOf(message) })).toEqual([]);
  });

  test('a deferred message that is abandoned or deferred again stays deferred and counts', async () => {
    await sender.sendMessages({ body: 'later' });
    const message = await next(receiver);
    await receiver.deferMessage(message);
    const [first] = await receiver.receiveDeferredMessages(numberOf(message));
    await receiver.abandonMessage(present(first), { tried: 1 });
    const [second] = await receiver.receiveDeferredMessages(numberOf(message));
    expect(second).toMatchObject({ deliveryCount: 2, applicationProperties: { tried: 1 } });
    await receiver.deferMessage(present(second));
    const [third] = await receiver.receiveDeferredMessages(numberOf(message));
    expect(third?.deliveryCount).toBe(3);
  });

  test('a deferred message can be dead-lettered and keeps its delivery count', async () => {
    await sender.sendMessages({ body: 'later' });
    const message = await next(receiver);
    await receiver.deferMessage(message);
    const [deferred] = await receiver.receiveDeferredMessages(numberOf(message));
    await receiver.deadLetterMessage(present(deferred), {
      deadLetterReason: 'Late',
      deadLetterErrorDescription: 'was deferred',
      extra: 5,
    });
    const dead = await next(deadLetters);
    expect(dead).toMatchObject({ deadLetterReason: 'Late', deliveryCount: 1, state: 'active' });
    expect(dead.applicationProperties).toMatchObject({ extra: 5 });
  });

  test('a deferred message with a session id is settled like any other: the queue has no sessions', async () => {
    const bodiesSent = ['complete', 'abandon', 'defer', 'deadLetter'] as const;
    await sender.sendMessages(bodiesSent.map((body) => ({ body, sessionId: 's-1' })));
    const messages = await nextOf(receiver, bodiesSent.length);
    for (const message of messages) await receiver.deferMessage(message);
    const again = async (): Promise<ServiceBusReceivedMessage[]> =>
      receiver.receiveDeferredMessages(messages.slice(1, 3).map(numberOf));
    const [completed, abandoned, deferred, dead] = await receiver.receiveDeferredMessages(
      messages.map(numberOf),
    );
    await receiver.completeMessage(present(completed));
    await receiver.abandonMessage(present(abandoned));
    await receiver.deferMessage(present(deferred));
    await receiver.deadLetterMessage(present(dead));
    const left = await again();
    expect(left).toMatchObject([
      { body: 'abandon', deliveryCount: 2, sessionId: 's-1' },
      { body: 'defer', deliveryCount: 2, sessionId: 's-1' },
    ]);
    for (const message of left) await receiver.completeMessage(message);
    expect(await next(deadLetters)).toMatchObject({ body: 'deadLetter', sessionId: 's-1' });
    expect(await receiver.peekMessages(1)).toEqual([]);
  });

  test('receive-and-delete takes a deferred message out at once', async () => {
    await sender.sendMessages({ body: 'later' });
    const message = await next(receiver);
    await receiver.deferMessage(message);
    const taker = testBus.client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
    expect(bodies(await taker.receiveDeferredMessages(numberOf(message)))).toEqual(['later']);
    expect(await taker.peekMessages(1)).toEqual([]);
  });

  test('asking for a message that is not deferred is MessageNotFound', async () => {
    await sender.sendMessages({ body: 'active' });
    const [peeked] = await receiver.peekMessages(1);
    await expect(receiver.receiveDeferredMessages(numberOf(present(peeked)))).rejects.toMatchObject(
      {
        code: 'MessageNotFound',
      },
    );
  });
});

describe('a dead letter', () => {
  async function deadLetter(): Promise<void> {
    await sender.sendMessages({ body: 'bad' });
    await receiver.deadLetterMessage(await next(receiver));
  }

  test('can be abandoned any number of times and is never counted', async () => {
    await deadLetter();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const dead = await next(deadLetters);
      expect(dead.deliveryCount).toBe(0);
      await deadLetters.abandonMessage(dead);
    }
  });

  test('cannot be dead-lettered again', async () => {
    await deadLetter();
    const dead = await next(deadLetters);
    await expect(deadLetters.deadLetterMessage(dead)).rejects.toMatchObject({
      code: 'GeneralError',
    });
    expect(bodies(await deadLetters.peekMessages(2))).toEqual(['bad']);
  });

  test('can be deferred and received by its number', async () => {
    await deadLetter();
    const dead = await next(deadLetters);
    await deadLetters.deferMessage(dead);
    const [deferred] = await deadLetters.receiveDeferredMessages(numberOf(dead));
    await deadLetters.completeMessage(present(deferred));
    expect(await deadLetters.peekMessages(1)).toEqual([]);
  });

  test('sent again is a new message', async () => {
    await deadLetter();
    const dead = await next(deadLetters);
    await sender.sendMessages(dead);
    await deadLetters.completeMessage(dead);
    const again = await next(receiver);
    expect(again).toMatchObject({ body: 'bad', messageId: dead.messageId, deliveryCount: 0 });
    expect(numberOf(again).greaterThan(numberOf(dead))).toBe(true);
  });
});
