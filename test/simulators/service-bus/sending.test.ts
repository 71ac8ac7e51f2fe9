import type { ServiceBusReceiver, ServiceBusSender } from '@azure/service-bus';
import { bodies, next, nextOf, numberOf, startTestBus, type TestBus } from './setup';

let testBus: TestBus;
let sender: ServiceBusSender;
let receiver: ServiceBusReceiver;

beforeAll(async () => {
  testBus = await startTestBus({ orders: {} });
  sender = testBus.client.createSender('orders');
  receiver = testBus.client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
});
afterAll(() => testBus.close());

test('every property of a message arrives as it was sent', async () => {
  const sent = {
    body: { a: [1, 'x'] },
    messageId: 'm-1',
    correlationId: 'c-1',
    subject: 'joined',
    to: 'there',
    replyTo: 'here',
    replyToSessionId: 'rs',
    sessionId: 's-1',
    partitionKey: 's-1',
    contentType: 'application/json',
    timeToLive: 60_000,
    applicationProperties: { n: 1, f: 1.5, b: true, s: 'é', none: null, d: new Date(1000) },
  };
  await sender.sendMessages(sent);
  const received = await next(receiver);
  const { applicationProperties, ...others } = sent;
  expect(received).toMatchObject({ ...others, deliveryCount: 0, state: 'active' });
  expect(received.applicationProperties).toEqual({ ...applicationProperties, d: 1000 });
  expect(received.enqueuedTimeUtc?.getTime()).toBeLessThanOrEqual(Date.now());
  expect(received.expiresAtUtc?.getTime()).toBeGreaterThan(Date.now());
});

test('a message without an id gets one', async () => {
  await sender.sendMessages({ body: 'a' });
  expect((await next(receiver)).messageId).toMatch(/^[0-9a-f]{32}$/);
});

test.each([
  ['value', [[1, 2, 3], 1, 1.5, 'hello', { hello: 'world' }]],
  [
    'sequence',
    [
      [[1], [2]],
      [1, 2, 3],
    ],
  ],
  ['data', [1, 1.5, 'hello', { hello: 'world' }, Buffer.from('bytes'), [1, 2]]],
] as const)('a body sent as AMQP %s is kept, with its type', async (bodyType, samples) => {
  for (const body of samples) await sender.sendMessages({ body, bodyType });
  const received = await nextOf(receiver, samples.length);
  expect(bodies(received)).toEqual(samples);
  for (const message of received) expect(message._rawAmqpMessage.bodyType).toBe(bodyType);
});

test('header, annotations and footer of an AMQP message are kept', async () => {
  await sender.sendMessages({
    body: 'hello',
    bodyType: 'data',
    header: { durable: false, firstAcquirer: false, priority: 20, timeToLive: 100_000 },
    messageAnnotations: { own: 'annotation', 'x-opt-sequence-number': 4711 },
    footer: { foot: 'note' },
    properties: { messageId: 'm', correlationId: 'c', contentEncoding: 'gzip' },
  });
  const { _rawAmqpMessage: raw, sequenceNumber } = await next(receiver);
  expect(raw.header).toMatchObject({
    durable: false,
    firstAcquirer: false,
    priority: 20,
    timeToLive: 100_000,
    deliveryCount: 0,
  });
  expect(raw.messageAnnotations).toMatchObject({ own: 'annotation' });
  expect(sequenceNumber?.equals(4711)).toBe(false);
  expect(raw.footer).toEqual({ foot: 'note' });
  expect(raw.properties).toMatchObject({ messageId: 'm', contentEncoding: 'gzip' });
});

test('a batch arrives whole, in order and as single messages', async () => {
  const batch = await sender.createMessageBatch();
  expect(batch.maxSizeInBytes).toBe(262_144);
  for (let at = 0; at < 60; at += 1) {
    expect(batch.tryAddMessage({ body: at, messageId: `m-${at}`, subject: `s-${at}` })).toBe(true);
  }
  await sender.sendMessages(batch);
  const received = await nextOf(receiver, 60);
  expect(received.map(({ subject }) => subject)).toEqual(
    Array.from({ length: 60 }, (_, at) => `s-${at}`),
  );
  const numbers = received.map((message) => numberOf(message).toNumber());
  expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
});

test('a large message arrives in one piece', async () => {
  const body = Buffer.alloc(250_000, 'joinery');
  await sender.sendMessages({ body });
  expect((await next(receiver)).body).toEqual(body);
});

test('a message over the size limit is MessageSizeExceeded, sent or scheduled', async () => {
  const tooLarge = { body: 'x'.repeat(300_000) };
  const exceeded = { code: 'MessageSizeExceeded' };
  await expect(sender.sendMessages(tooLarge)).rejects.toMatchObject(exceeded);
  const tomorrow = new Date(Date.now() + 86_400_000);
  await expect(sender.scheduleMessages(tooLarge, tomorrow)).rejects.toMatchObject(exceeded);
  expect(await receiver.peekMessages(1)).toEqual([]);
});
