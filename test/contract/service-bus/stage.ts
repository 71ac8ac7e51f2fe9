import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { startServiceBus, type ServiceBus } from '../../../infra/local/service-bus/server';

/** The `Properties` of each queue of a Config.json. */
export type Queues = Record<string, Record<string, unknown>>;

/** A local Service Bus with a client, in a folder of its own. */
export type Stage = {
  folder: string;
  bus: ServiceBus;
  client: ServiceBusClient;
  /** Stops and starts the Service Bus on the same port and journal; the client stays. */
  restart: () => Promise<void>;
  close: () => Promise<void>;
};

export async function setStage(queues: Queues): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-service-bus-'));
  const configFile = await writeConfig(folder, queues);
  const start = (port: number): Promise<ServiceBus> =>
    startServiceBus({ port, dataDir: folder, configFile });
  const bus = await start(0);
  const stage: Stage = {
    folder,
    bus,
    client: connect(bus.connectionString),
    async restart() {
      await stage.bus.stop();
      stage.bus = await start(portOf(stage.bus.connectionString));
    },
    async close() {
      await stage.client.close();
      await stage.bus.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return stage;
}

export async function writeConfig(folder: string, queues: Queues): Promise<string> {
  const file = join(folder, 'Config.json');
  const listed = Object.entries(queues).map(([Name, Properties]) => ({ Name, Properties }));
  const namespace = { Name: 'sbemulatorns', Queues: listed, Topics: [] };
  await writeFile(file, JSON.stringify({ UserConfig: { Namespaces: [namespace] } }));
  return file;
}

export function connect(connectionString: string): ServiceBusClient {
  return new ServiceBusClient(connectionString, {
    retryOptions: { maxRetries: 2, retryDelayInMs: 50, timeoutInMs: 10_000 },
  });
}

export function portOf(connectionString: string): number {
  return Number(/:(\d+);/.exec(connectionString)?.[1]);
}
