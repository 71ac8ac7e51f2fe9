import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, type QueueSettings } from './config';
import { openJournal, type Journal } from './journal/journal';
import { readJournal } from './journal/file';
import { snapshotOf } from './journal/snapshot';
import type { Broker } from './amqp/attach';
import { listen } from './amqp/listen';
import { KEY, KEY_NAME } from './amqp/shared-access';
import { createNamespace, type Namespace } from './queue/namespace';
import { apply } from './queue/queue';

export type ServiceBusOptions = {
  port: number;
  dataDir: string;
  configFile: string;
  /** Told what works here but the official emulator would refuse. */
  warn?: (text: string) => void;
};
export type ServiceBus = { connectionString: string; stop: () => Promise<void> };

/**
 * Starts the local Service Bus on the loopback interface (port 0 = a free one) with the queues of `configFile` and the
 * messages that its journal in `dataDir` holds. Rejects if the configuration or the journal is not usable or the port is
 * taken. `stop` resolves when everything acknowledged is on disk and the port is free.
 */
export async function startServiceBus(options: ServiceBusOptions): Promise<ServiceBus> {
  const { queues, warnings } = readConfig(options.configFile);
  for (const warning of warnings) options.warn?.(warning);
  const listener = await listen(options.port);
  try {
    // The port comes first: whoever holds it may be writing this journal.
    const broker = openBroker(queues, options.dataDir);
    listener.serve(broker);
    broker.namespace.start();
    return {
      connectionString: connectionStringOf(listener.port),
      async stop() {
        broker.namespace.stop();
        await listener.stop();
        await broker.journal.close();
      },
    };
  } catch (error) {
    await listener.stop();
    throw error;
  }
}

function openBroker(queues: Map<string, QueueSettings>, dataDir: string): Broker {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'journal.jsonl');
  const namespace = createNamespace(queues, (changes) => journal.append(changes));
  restore(namespace, file);
  const journal: Journal = openJournal(file, () => snapshotOf(namespace.queues));
  return { namespace, journal };
}

function restore(namespace: Namespace, file: string): void {
  for (const { queue: path, ...change } of readJournal(file)) {
    const queue = namespace.find(path);
    if (!queue) {
      throw new Error(
        `${file} holds the queue "${path}", which the configuration lacks; add it, or delete the file to drop its messages`,
      );
    }
    apply(queue, change);
  }
}

function connectionStringOf(port: number): string {
  const endpoint = `Endpoint=sb://127.0.0.1:${port}`;
  return `${endpoint};SharedAccessKeyName=${KEY_NAME};SharedAccessKey=${KEY};UseDevelopmentEmulator=true;`;
}
