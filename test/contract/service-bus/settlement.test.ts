import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSender,
} from '@azure/service-bus';
import { setStage, type Stage } from './stage';

const NOTHING = { maxWaitTimeInMs: 200 };
const SOON = { maxWaitTimeInMs: 5000 };

let stage: Stage;
let sender: ServiceBusSender;
let receiver: ServiceBusReceiver;
let deadLetters: ServiceBusReceiver;

beforeEach(async () => {
  stage = await setStage({ orders: { MaxDeliveryCount: 3 } });
  sender = stage.client.createSender('orders');
  receiver = stage.client.createReceiver('orders');
  deadLetters = stage.client.createReceiver('orders', { subQueueType: 'deadLetter' });
});
afterEach(() => stage.close());

async function next(from: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await from.receiveMessages(1, SOON);
  if (!message) throw new Error('no message came');
  return message;
}

test('a completed message is gone', async () => {
  await sender.sendMessages({ body: { hello: 'world' }, messageId: 'm-1' });
  const message = await next(receiver);
  expect(message).toMatchObject({ body: { hello: 'world' }, messageId: 'm-1', deliveryCount: 0 });
  await receiver.completeMessage(message);
  expect(await receiver.peekMessages(1)).toEqual([]);
});

test('an abandoned message comes back counted and with the given properties', async () => {
  await sender.sendMessages({ body: 'a', applicationProperties: { kept: 1 } });
  await receiver.abandonMessage(await next(receiver), { tried: 'once' });
  const again = await next(receiver);
  expect(again.deliveryCount).toBe(1);
  expect(again.applicationProperties).toEqual({ kept: 1, tried: 'once' });
});

test('the last abandoned delivery dead-letters the message with the reason', async () => {
  await sender.sendMessages({ body: 'poison', messageId: 'p-1' });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const message = await next(receiver);
    expect(message.deliveryCount).toBe(attempt);
    await receiver.abandonMessage(message);
  }
  expect(await receiver.receiveMessages(1, NOTHING)).toEqual([]);
  expect(await next(deadLetters)).toMatchObject({
    messageId: 'p-1',
    deadLetterReason: 'MaxDeliveryCountExceeded',
    deadLetterErrorDescription: 'Message could not be consumed after 3 delivery attempts.',
  });
});

test('a dead-lettered message carries reason, description and properties', async () => {
  await sender.sendMessages({ body: 'bad' });
  const message = await next(receiver);
  await receiver.deadLetterMessage(message, {
    deadLetterReason: 'BadData',
    deadLetterErrorDescription: 'no start date',
    extra: 5,
  });
  const dead = await next(deadLetters);
  expect(dead).toMatchObject({
    body: 'bad',
    deadLetterReason: 'BadData',
    deadLetterErrorDescription: 'no start date',
    sequenceNumber: message.sequenceNumber,
  });
  expect(dead.applicationProperties).toMatchObject({ extra: 5 });
  expect(dead.deadLetterSource).toBeUndefined();
});
