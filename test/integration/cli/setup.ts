import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { projectRoot } from '../../../infra/local/stack/service';
import { startServiceBus } from '../../../infra/local/service-bus/server';
import { openStorage, type Storage } from '../../support/storage';

export const QUEUE = 'provisioning-events';

/** The environment of a command: tables, a bus with an empty queue, and the settings for both. */
export type Setup = {
  folder: string;
  storage: Storage;
  client: ServiceBusClient;
  settings: Record<string, string>;
  close: () => Promise<void>;
};

export async function openSetup(...sources: string[]): Promise<Setup> {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-cli-'));
  const configFile = join(projectRoot(), 'infra', 'local', 'service-bus', 'Config.json');
  const [storage, bus] = await Promise.all([
    openStorage(),
    startServiceBus({ port: 0, dataDir: folder, configFile }),
  ]);
  const client = new ServiceBusClient(bus.connectionString);
  return {
    folder,
    storage,
    client,
    settings: {
      ServiceBus: bus.connectionString,
      RECORDS_STORAGE: storage.connectionString,
      AUDIT_STORAGE: storage.connectionString,
      EVENT_SOURCES: sources.join(','),
    },
    close: async () => {
      await client.close();
      await bus.stop();
      await storage.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
