import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { projectRoot } from '../../../infra/local/part';
import { startServiceBus, type ServiceBus } from '../../../infra/local/service-bus/server';
import { joined } from '../../faults/events';
import { openStorage, type Storage } from '../records/storage';
import { runCommand } from './run-command';

const QUEUE = 'provisioning-events';
let folder: string;
let storage: Storage;
let bus: ServiceBus;
let client: ServiceBusClient;
let settings: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-full-'));
  storage = await openStorage();
  const configFile = join(projectRoot(), 'infra', 'local', 'service-bus', 'Config.json');
  bus = await startServiceBus({ port: 0, dataDir: folder, configFile });
  client = new ServiceBusClient(bus.connectionString);
  settings = {
    ...{ ServiceBus: bus.connectionString, EVENT_SOURCES: 'urn:hr:acme:workday' },
    ...{ RECORDS_STORAGE: storage.connectionString, AUDIT_STORAGE: storage.connectionString },
  };
});
afterAll(async () => {
  await client.close();
  await bus.stop();
  await storage.close();
  await rm(folder, { recursive: true, force: true });
});

/** To its last 300 bytes; a queue holds 100 MiB. */
async function fill(): Promise<void> {
  const sender = client.createSender(QUEUE);
  const put = (size: number) => sender.sendMessages({ body: Buffer.alloc(size) });
  await Promise.all(Array.from({ length: 415 }, () => put(250_000)));
  for (const size of [50_000, 5_000, 300]) {
    const isRefused = () =>
      put(size).then(
        () => false,
        () => true,
      );
    while (!(await isRefused()));
  }
}

const { body } = joined({ workerId: 'W-1', attributes: { department: 'Finance' } });

test('while the queue is full nothing is sent, the command says so and fails, and the dead letter stays', async () => {
  const sender = client.createSender(QUEUE);
  const receiver = client.createReceiver(QUEUE);
  await sender.sendMessages({ body });
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  if (!message) throw new Error('the message is there');
  await receiver.deadLetterMessage(message);
  await fill();

  const replay = ['replay', '--by', 'alice', '--reason', 'INC-1', '--yes'];
  const refused = [
    await runCommand(replay, settings),
    await runCommand(['send', '-'], settings, body),
  ];
  for (const { code, stderr } of refused) {
    expect(code).toBe(1);
    expect(stderr).toContain('receive or delete messages first');
  }
  const letters = client.createReceiver(QUEUE, { subQueueType: 'deadLetter' });
  expect(await letters.peekMessages(5)).toHaveLength(1);
}, 60_000);
