import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import { type ServiceBus, startServiceBus } from '../../../infra/local/service-bus/server';

/** The `Properties` of each queue of a Config.json. */
type Queues = Record<string, Record<string, unknown>>;

/** A local Service Bus with a client, in a folder of its own. */
export type TestBus = {
  folder: string;
  bus: ServiceBus;
  client: ServiceBusClient;
  /** Stops the Service Bus, runs an optional change of its files, and starts it on the same port with a new client. */
  restart: (meanwhile?: () => Promise<void>) => Promise<void>;
  close: () => Promise<void>;
};

/** How long a test waits at most for a message that must come, and how long for one that must not. */
export const SOON = { maxWaitTimeInMs: 30_000 };
export const BRIEFLY = { maxWaitTimeInMs: 150 };

export async function startTestBus(queues: Queues): Promise<TestBus> {
  const folder = await newFolder();
  const configFile = await writeConfig(folder, queues);
  const start = (port: number): Promise<ServiceBus> =>
    startServiceBus({ port, dataDir: folder, configFile });
  const bus = await start(0);
  const testBus: TestBus = {
    folder,
    bus,
    client: connect(bus.connectionString),
    async restart(meanwhile) {
      await testBus.client.close();
      await testBus.bus.stop();
      await meanwhile?.();
      testBus.bus = await start(portOf(testBus.bus.connectionString));
      testBus.client = connect(testBus.bus.connectionString);
    },
    async close() {
      await testBus.client.close();
      await testBus.bus.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return testBus;
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'joinery-service-bus-'));
}

export async function writeConfig(folder: string, queues: Queues): Promise<string> {
  const file = join(folder, 'Config.json');
  const listed = Object.entries(queues).map(([Name, Properties]) => ({ Name, Properties }));
  const namespace = { Name: 'sbemulatorns', Queues: listed, Topics: [] };
  await writeFile(file, JSON.stringify({ UserConfig: { Namespaces: [namespace] } }));
  return file;
}

export function connect(connectionString: string, timeoutInMs = 10_000): ServiceBusClient {
  return new ServiceBusClient(connectionString, {
    retryOptions: { maxRetries: 1, retryDelayInMs: 50, timeoutInMs },
  });
}

export function portOf(connectionString: string): number {
  return Number(/:(\d+);/.exec(connectionString)?.[1]);
}

/** The next message; fails if none comes. */
export async function next(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, SOON);
  if (!message) throw new Error('no message came');
  return message;
}

/** Exactly so many messages, in the order of arrival. */
export async function nextOf(
  receiver: ServiceBusReceiver,
  count: number,
): Promise<ServiceBusReceivedMessage[]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < count) {
    const more = await receiver.receiveMessages(count - messages.length, SOON);
    if (more.length === 0) throw new Error(`only ${messages.length} of ${count} messages came`);
    messages.push(...more);
  }
  return messages;
}

export function bodies(messages: { body: unknown }[]): unknown[] {
  return messages.map(({ body }) => body);
}

/** A value that must exist. Throws if it does not. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a value that the test needs is missing');
  return value;
}

/** A sequence number, which every received message has although the SDK's type leaves it open. */
export function numberOf({
  sequenceNumber,
}: ServiceBusReceivedMessage): NonNullable<ServiceBusReceivedMessage['sequenceNumber']> {
  return present(sequenceNumber);
}
