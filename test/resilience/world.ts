import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { freePorts, type PartName } from '../../infra/local/stack/parts';
import { bringUp, type Stack } from '../../infra/local/stack/stack';
import { memberOf, type StackFile } from '../../infra/local/stack/stack-file';
import { startBusProxy } from './proxies/bus-proxy';
import type { Sent } from './events';
import { startHttpProxy, type Proxy } from './proxies/http-proxy';
import { createTap, type Dependency, type Tap } from './proxies/tap';

export const QUEUE = 'provisioning-events';

/** A local stack whose host reaches bus, tables and Graph through proxies; the checker reads past them. */
export type World = {
  dataDir: string;
  tap: Tap;
  storage: string;
  serviceBus: string;
  graphUrl: string;
  hostUrl: string;
  /** What the parts have printed so far. */
  log: string[];
  send: (messages: readonly Sent[]) => Promise<void>;
  /** Whether the queue is empty. */
  isIdle: () => Promise<boolean>;
  signal: (part: PartName, signal: NodeJS.Signals) => void;
  /** Cuts the app off from a dependency, or lets it through again. */
  down: (to: Dependency, isDown: boolean) => void;
  /** Resolves when the process that runs the part is gone. */
  gone: (part: PartName) => Promise<void>;
  start: (part: PartName) => Promise<void>;
  stop: () => Promise<void>;
};

export type WorldOptions = {
  env?: Record<string, string>;
  /** Files of this world, written into its folder: their settings name them. */
  files?: Record<string, object>;
};

/** Locks that run out soon, so that what a killed host held comes again soon. */
const busConfig = {
  UserConfig: {
    Namespaces: [
      {
        Name: 'sbemulatorns',
        Queues: [{ Name: QUEUE, Properties: { LockDuration: 'PT5S', MaxDeliveryCount: 10 } }],
        Topics: [],
      },
    ],
    Logging: { Type: 'Console' },
  },
};

/** Starts the built stack with proxies in it (`npm run build` first). `files` go by the settings that name them. */
export async function startWorld({ env = {}, files = {} }: WorldOptions = {}): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), 'joinery-faults-'));
  const named: Record<string, string> = {};
  for (const [setting, content] of Object.entries({ SERVICE_BUS_CONFIG: busConfig, ...files })) {
    named[setting] = join(dataDir, `${setting.toLowerCase()}.json`);
    await writeFile(named[setting], JSON.stringify(content));
  }
  const tap = createTap();
  const proxies: Record<Dependency, Proxy> = {
    bus: await startBusProxy(tap),
    tables: await startHttpProxy('tables', tap),
    graph: await startHttpProxy('graph', tap),
  };
  const log: string[] = [];
  const open: (() => Promise<void>)[] = [
    () => rm(dataDir, { recursive: true, force: true }),
    ...Object.values(proxies).map((proxy) => proxy.stop),
  ];
  const stop = async (): Promise<void> => {
    for (const close of open.splice(0).toReversed()) await close();
  };
  let stack: Stack;
  try {
    stack = await bringUp({
      dataDir,
      restart: false,
      env: { ...process.env, ...freePorts, ...env, ...named },
      between: (parts) => through(proxies, parts),
      print: (part, line) => log.push(`${part}: ${line}`),
    });
  } catch (error) {
    await stop();
    throw new Error(`the stack did not start:\n${log.join('\n')}`, { cause: error });
  }
  const { now, exited, start } = stack;
  const { serviceBus, storage, graph, host } = now();
  if (!serviceBus || !storage || !graph || !host) throw new Error('a part is missing');
  // A sender that meets a dying bus would wait a minute for an answer.
  const retryOptions = { timeoutInMs: 5000, maxRetries: 0 };
  const client = new ServiceBusClient(serviceBus.connectionString, { retryOptions });
  open.push(stack.stop, () => client.close());
  const queue = client.createSender(QUEUE);
  return {
    dataDir,
    tap,
    log,
    storage: storage.connectionString,
    serviceBus: serviceBus.connectionString,
    graphUrl: graph.url,
    hostUrl: host.url,
    send: (messages) =>
      queue.sendMessages(messages.map(({ body }) => ({ body, contentType: 'application/json' }))),
    isIdle: () => isEmpty(serviceBus.connectionString),
    signal: (part, signal) => process.kill(now()[memberOf[part]]?.pid ?? 0, signal),
    down: (to, isDown) => proxies[to].down(isDown),
    gone: exited,
    start,
    stop,
  };
}

/** A client peeks on from where it last was, whatever its receivers; a new one starts at the first message. */
async function isEmpty(connectionString: string): Promise<boolean> {
  const client = new ServiceBusClient(connectionString);
  const messages = await client.createReceiver(QUEUE).peekMessages(1);
  await client.close();
  return messages.length === 0;
}

/** The addresses of the parts with the proxies' ports in them; the proxies are led to where they were. */
function through(proxies: Record<Dependency, Proxy>, parts: StackFile): StackFile {
  const { serviceBus, storage, graph } = parts;
  if (!serviceBus || !storage || !graph) return parts;
  const via = (to: Dependency, text: string, place: RegExp): string =>
    text.replace(place, (_, before: string, port: string) => {
      proxies[to].lead(Number(port));
      return `${before}${proxies[to].port}`;
    });
  return {
    ...parts,
    serviceBus: {
      ...serviceBus,
      connectionString: via(
        'bus',
        serviceBus.connectionString,
        /(Endpoint=sb:\/\/127\.0\.0\.1:)(\d+)/,
      ),
    },
    storage: {
      ...storage,
      connectionString: via(
        'tables',
        storage.connectionString,
        /(TableEndpoint=http:\/\/127\.0\.0\.1:)(\d+)/,
      ),
    },
    graph: { ...graph, url: via('graph', graph.url, /(:)(\d+)/) },
  };
}
