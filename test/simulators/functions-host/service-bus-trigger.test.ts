import { rm } from 'node:fs/promises';
import { eventually } from '../../support/eventually';
import { startTestBus, type TestBus } from '../service-bus/setup';
import { type HostProcess, newDataDir, notes, startHostProcess } from './setup';

type Noted = {
  queue: string;
  text?: string;
  done?: string;
  isBuffer?: boolean;
  metadata?: Record<string, unknown>;
};

const LOCK_SECONDS = 10;

let testBus: TestBus;
let host: HostProcess;

beforeAll(async () => {
  testBus = await startTestBus({
    work: { LockDuration: `PT${LOCK_SECONDS}S`, MaxDeliveryCount: 3 },
  });
  host = await startHostProcess(await newDataDir(), {
    ServiceBus: testBus.bus.connectionString,
    BYTES_QUEUE: 'work',
  });
});

afterAll(async () => {
  await host.stop();
  await testBus.close();
  await rm(host.dataDir, { recursive: true, force: true });
});

const noted = (): Noted[] => notes(host.dataDir) as Noted[];
const done = (text: string) => eventually(text, () => noted().find((note) => note.done === text));
const send = (text: string, more = {}) =>
  testBus.client.createSender('work').sendMessages({ body: Buffer.from(text), ...more });

/** Bodies in the dead-letter queue with their reasons. A client remembers how far it has peeked, so this does too. */
const peeked: { body: string; reason: string | undefined }[] = [];
async function deadLetters() {
  const receiver = testBus.client.createReceiver('work', { subQueueType: 'deadLetter' });
  for (const { body, deadLetterReason } of await receiver.peekMessages(50)) {
    peeked.push({ body: String(body), reason: deadLetterReason });
  }
  await receiver.close();
  return peeked;
}

describe('a Service Bus function', () => {
  it('gets bytes and the metadata that the extension gives, and completes the message', async () => {
    await send('{"n":1}', { messageId: '123', applicationProperties: { TenantId: 'T' } });
    await done('{"n":1}');
    const note = noted().find(({ text }) => text === '{"n":1}');
    expect(note).toMatchObject({
      isBuffer: true,
      // a number, and lower camel case: the library does both to what it gets
      metadata: { messageId: 123, deliveryCount: 1, applicationProperties: { tenantId: 'T' } },
    });
    expect(note?.metadata).toHaveProperty('sequenceNumber');
    expect(note?.metadata).toHaveProperty('enqueuedTimeUtc');
    expect(note?.metadata).not.toHaveProperty('correlationId');
  });

  it('abandons at once when it throws, until the queue dead-letters', async () => {
    const began = Date.now();
    await send('fail 1');
    const [dead] = await eventually('the dead letter', async () => {
      const found = await deadLetters();
      return found.length > 0 ? found : undefined;
    });
    expect(dead).toMatchObject({ body: 'fail 1', reason: 'MaxDeliveryCountExceeded' });
    expect(Date.now() - began).toBeLessThan(LOCK_SECONDS * 1000); // no lock had to run out
    const deliveries = noted().filter(({ text }) => text === 'fail 1');
    expect(deliveries.map(({ metadata }) => metadata?.['deliveryCount'])).toEqual([1, 2, 3]);
    expect(host.output()).not.toContain('"n"'); // no body in the log
  });

  it('settles each message by its own outcome when many end together', async () => {
    const texts = Array.from({ length: 40 }, (_, i) => (i % 2 ? `ok ${i}` : `fail ${100 + i}`));
    await testBus.client
      .createSender('work')
      .sendMessages(texts.map((text) => ({ body: Buffer.from(text) })));
    const failed = texts.filter((text) => text.startsWith('fail'));
    const dead = await eventually('all dead letters', async () => {
      const found = (await deadLetters())
        .map(({ body }) => body)
        .filter((body) => failed.includes(body));
      return found.length >= failed.length ? found : undefined;
    });
    expect(dead.sort()).toEqual(failed.sort());
    for (const text of texts.filter((each) => each.startsWith('ok'))) {
      expect(noted().filter((note) => note.done === text)).toHaveLength(1);
    }
  });

  it('keeps the lock of a message while the function runs longer than the lock', async () => {
    await send('sleep 11500');
    await done('sleep 11500');
    await send('after the sleep');
    await done('after the sleep');
    expect(noted().filter(({ text }) => text === 'sleep 11500')).toHaveLength(1);
  });

  it('gets the UTF-8 bytes of a text and the JSON bytes of any other AMQP value', async () => {
    const sender = testBus.client.createSender('work');
    await sender.sendMessages({ bodyType: 'value', body: '"grüße"' });
    await sender.sendMessages({ bodyType: 'value', body: { n: 1, at: new Date(0), b: null } });
    await sender.sendMessages({ bodyType: 'sequence', body: [1, 'two', Buffer.from('x')] });
    for (const text of [
      '"grüße"',
      '{"n":1,"at":{"$timestamp":0},"b":null}',
      '[1,"two",{"$binary":"eA=="}]',
    ]) {
      await done(text);
    }
  });

  it('finds a bus again that was gone', async () => {
    await testBus.restart();
    await send('after the restart');
    await eventually(
      'the message',
      () => noted().find(({ done: text }) => text === 'after the restart'),
      { seconds: 20 },
    );
  });
});
