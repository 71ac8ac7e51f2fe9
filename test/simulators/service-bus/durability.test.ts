import { fork, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceBusClient } from '@azure/service-bus';
import { startServiceBus } from '../../../infra/local/service-bus/server';
import {
  bodies,
  connect,
  newFolder,
  next,
  nextOf,
  numberOf,
  portOf,
  present,
  startTestBus,
  writeConfig,
} from './setup';

const QUIET: StdioOptions = ['ignore', 'ignore', 'ignore', 'ipc'];
const MAIN = join(__dirname, '../../../dist/infra/local/service-bus/main.js');

describe('killed without warning', () => {
  let folder: string;
  let child: ChildProcess;
  let client: ServiceBusClient;
  let connectionString: string;
  let port = 0;

  beforeEach(async () => {
    folder = await newFolder();
    await writeConfig(folder, { orders: { MaxDeliveryCount: 2, LockDuration: 'PT3S' } });
    port = 0;
    await start();
  });
  afterEach(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const SERVICE_BUS_CONFIG = join(folder, 'Config.json');
    const settings = { JOINERY_DATA_DIR: folder, SERVICE_BUS_PORT: String(port) };
    child = fork(MAIN, { env: { ...process.env, ...settings, SERVICE_BUS_CONFIG }, stdio: QUIET });
    const [{ ready }] = (await once(child, 'message')) as [{ ready: { connectionString: string } }];
    connectionString = ready.connectionString;
    port = portOf(connectionString);
    client = connect(connectionString);
  }

  async function kill(): Promise<void> {
    await client.close();
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  test('it still has every message whose sending was acknowledged, and none that was completed', async () => {
    // The SDK notices only by its timeout that nobody will answer its last message.
    const hasty = connect(connectionString, 1000);
    const sender = hasty.createSender('orders');
    let acknowledged = 0;
    const send = async (): Promise<void> => {
      await sender.sendMessages({ body: acknowledged });
      acknowledged += 1;
      return send();
    };
    const sending = send().catch(() => undefined);
    const receiver = client.createReceiver('orders');
    for (const message of await nextOf(receiver, 20)) await receiver.completeMessage(message);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await sending;
    await hasty.close();
    await client.close();
    await start();
    const left = bodies(await client.createReceiver('orders').peekMessages(100_000));
    const expected = Array.from({ length: acknowledged - 20 }, (_, at) => at + 20);
    expect(left.slice(0, expected.length)).toEqual(expected);
    // The message in flight at the end may be there or not: its sender was told neither.
    expect(left.length - expected.length).toBeLessThanOrEqual(1);
  });

  test('locks, delivery counts, deferred, scheduled and dead messages are as they were', async () => {
    const sender = client.createSender('orders');
    const receiver = client.createReceiver('orders', { maxAutoLockRenewalDurationInMs: 0 });
    await sender.sendMessages(['dead', 'counted', 'deferred', 'locked'].map((body) => ({ body })));
    const [dead, counted, deferred, locked] = await nextOf(receiver, 4);
    await receiver.deadLetterMessage(present(dead), {
      deadLetterReason: 'BadData',
      deadLetterErrorDescription: 'of no use',
    });
    await receiver.abandonMessage(present(counted), { tried: 1 });
    await receiver.deferMessage(present(deferred));
    const [scheduled] = await sender.scheduleMessages({ body: 'scheduled' }, new Date(2 ** 42));
    await kill();
    await start();

    const again = client.createReceiver('orders', { maxAutoLockRenewalDurationInMs: 0 });
    expect(await next(again)).toMatchObject({
      body: 'counted',
      deliveryCount: 1,
      applicationProperties: { tried: 1 },
    });
    const number = numberOf(present(deferred));
    expect(bodies(await again.receiveDeferredMessages(number))).toEqual(['deferred']);
    await client.createSender('orders').cancelScheduledMessages(present(scheduled));
    const deadLetters = client.createReceiver('orders', { subQueueType: 'deadLetter' });
    expect(await next(deadLetters)).toMatchObject({ body: 'dead', deadLetterReason: 'BadData' });
    // The lock outlived the process: only when it runs out does the message come again, and counted.
    const [back] = await nextOf(again, 1);
    expect(back).toMatchObject({ body: 'locked', deliveryCount: 1 });
    expect(Date.now()).toBeGreaterThanOrEqual(present(locked).lockedUntilUtc?.getTime() ?? 0);
  });

  test('a lock from before can be used to complete the message', async () => {
    const receiver = client.createReceiver('orders');
    await client.createSender('orders').sendMessages({ body: 'held' });
    const held = await next(receiver);
    await kill();
    await start();
    const later = client.createReceiver('orders');
    await later.completeMessage(held);
    expect(await later.peekMessages(1)).toEqual([]);
  });

  test('asked to stop, it says goodbye and exits without an error', async () => {
    await client.createSender('orders').sendMessages({ body: 1 });
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    await client.close();
    await start();
    expect(bodies(await client.createReceiver('orders').peekMessages(2))).toEqual([1]);
  });

  test('sequence numbers go on where they were, even over an empty queue', async () => {
    const sender = client.createSender('orders');
    const receiver = client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
    await sender.sendMessages([{ body: 1 }, { body: 2 }]);
    await nextOf(receiver, 2);
    await kill();
    await start();
    await kill();
    await start();
    await client.createSender('orders').sendMessages({ body: 3 });
    const third = await next(client.createReceiver('orders'));
    expect(numberOf(third).toNumber()).toBe(3);
  });
});

describe('the journal', () => {
  test('drops a last line that was not written to its end', async () => {
    const testBus = await startTestBus({ orders: {} });
    await testBus.client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }]);
    await testBus.restart(() =>
      appendFile(journalOf(testBus.folder), '[{"queue":"orders","do":"re'),
    );
    const receiver = testBus.client.createReceiver('orders');
    expect(bodies(await receiver.peekMessages(5))).toEqual([1, 2]);
    await testBus.close();
  });

  test('that is damaged elsewhere stops the start and names the line', async () => {
    const testBus = await startTestBus({ orders: {} });
    await testBus.client.createSender('orders').sendMessages({ body: 1 });
    const damage = async (): Promise<void> => {
      const lines = (await readFile(journalOf(testBus.folder), 'utf8')).split('\n');
      lines[1] = 'garbage';
      await writeFile(journalOf(testBus.folder), lines.join('\n'));
    };
    await expect(testBus.restart(damage)).rejects.toThrow(/journal\.jsonl:2 is damaged/);
    await rm(testBus.folder, { recursive: true });
  });

  test('of a queue that is no longer configured stops the start instead of dropping messages', async () => {
    const testBus = await startTestBus({ orders: {}, returns: {} });
    await testBus.client.createSender('returns').sendMessages({ body: 1 });
    const forget = async (): Promise<void> => {
      await writeConfig(testBus.folder, { orders: {} });
    };
    await expect(testBus.restart(forget)).rejects.toThrow(/has messages of the queue "returns"/);
    await rm(testBus.folder, { recursive: true });
  });

  test('does not grow with what has passed through, and loses nothing when it is written anew', async () => {
    const testBus = await startTestBus({ orders: {} });
    const sender = testBus.client.createSender('orders');
    const receiver = testBus.client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
    await sender.sendMessages({ body: 'stays', scheduledEnqueueTimeUtc: new Date(2 ** 42) });
    const body = Buffer.alloc(200_000);
    for (let round = 0; round < 60; round += 1) {
      await sender.sendMessages({ body });
      await nextOf(receiver, 1);
    }
    // 60 messages of 200 kB are 16 MB in the journal's encoding.
    expect((await stat(journalOf(testBus.folder))).size).toBeLessThan(9 * 1024 * 1024);
    await testBus.restart();
    expect((await stat(journalOf(testBus.folder))).size).toBeLessThan(2000);
    expect(bodies(await testBus.client.createReceiver('orders').peekMessages(5))).toEqual([
      'stays',
    ]);
    await testBus.close();
  });

  function journalOf(folder: string): string {
    return join(folder, 'journal.jsonl');
  }
});

test('a port that is taken is the system’s error, and the journal is left alone', async () => {
  const testBus = await startTestBus({ orders: {} });
  await testBus.client.createSender('orders').sendMessages({ body: 1 });
  const port = portOf(testBus.bus.connectionString);
  const configFile = join(testBus.folder, 'Config.json');
  const second = startServiceBus({ port, dataDir: testBus.folder, configFile });
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await testBus.restart();
  expect(bodies(await testBus.client.createReceiver('orders').peekMessages(2))).toEqual([1]);
  await testBus.close();
});
