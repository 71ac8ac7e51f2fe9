import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clockOffset, onClockMove } from '../clock/clock';
import { type QueueSettings, readConfig } from './config';
import { type Journal, openJournal, readJournal, snapshotOf } from './journal';
import type { Broker } from './amqp/attach';
import { listen } from './amqp/listen';
import { KEY, KEY_NAME } from './amqp/claims';
import { createNamespace, type Namespace } from './queue/namespace';
import { apply, type Queue } from './queue/queue';

export type ServiceBusOptions = {
  port: number;
  dataDir: string;
  configFile: string;
  /** Gets a text for each value that works here and that the official emulator refuses. */
  warn?: (text: string) => void;
};
export type ServiceBus = {
  connectionString: string;
  /** For a diagnosis: each queue that is not empty or has a receiver. */
  describe: () => object[];
  stop: () => Promise<void>;
};

/**
 * Starts the local Service Bus on the loopback interface (port 0 = a free one) with the queues of `configFile` and the
 * messages of its journal in `dataDir`. Rejects if the configuration or the journal is not usable or the port is taken.
 * `stop` resolves when everything acknowledged is on disk and the port is free.
 */
export async function startServiceBus(options: ServiceBusOptions): Promise<ServiceBus> {
  const { queues, warnings } = readConfig(options.configFile);
  for (const warning of warnings) options.warn?.(warning);
  const listener = await listen(options.port);
  try {
    // The port comes first: the process that has it can be writing this journal.
    const broker = openBroker(queues, options.dataDir);
    listener.serve(broker);
    // Before the first timer, so that after a move nothing has run out yet when the times are moved.
    const unsubscribe = onClockMove(() => broker.namespace.moveClock(clockOffset()));
    broker.namespace.start(clockOffset());
    return {
      connectionString: connectionStringOf(listener.port),
      describe: () => broker.namespace.queues.flatMap(describeQueue),
      async stop() {
        unsubscribe();
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

function describeQueue({ path, messages, locked, ready, consumers }: Queue): object[] {
  if (messages.size === 0 && consumers.length === 0) return [];
  const lockEnds = [...locked.values()].map(({ lock }) => lock?.until ?? 0);
  return [
    {
      queue: path,
      messages: messages.size,
      locked: locked.size,
      ready: ready.length,
      ...(lockEnds.length > 0 && { nextLockEndsIn: Math.min(...lockEnds) - Date.now() }),
      receivers: consumers.map(({ name, credit }) => ({ name, credit: credit() })),
    },
  ];
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
        `${file} has messages of the queue "${path}", which is not in the configuration; add the queue, or delete the file to drop them`,
      );
    }
    apply(queue, change);
  }
}

function connectionStringOf(port: number): string {
  const endpoint = `Endpoint=sb://127.0.0.1:${port}`;
  return `${endpoint};SharedAccessKeyName=${KEY_NAME};SharedAccessKey=${KEY};UseDevelopmentEmulator=true;`;
}
