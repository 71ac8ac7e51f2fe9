import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { moveStackClock } from '../../cli/clock';
import { readOffset } from '../../infra/local/clock/clock-files';
import { freePorts, memberOf, type ServiceName } from '../../infra/local/stack/services';
import { bringUp, type Stack, type StackOptions } from '../../infra/local/stack/stack';
import { secondsOf } from '../../shared/config/config';
import { QUEUE } from './events';

/** A local stack of one test: the built programs on free ports, with their own data. */
export type TestStack = {
  dataDir: string;
  hostUrl: string;
  graphUrl: string;
  /** Connection strings of the local Service Bus and of Azurite. */
  serviceBus: string;
  storage: string;
  /** Everything that the processes have printed so far, one line each: `graph: ...`. */
  log: string[];
  pid: (part: ServiceName) => number;
  signal: (part: ServiceName, signal: NodeJS.Signals) => void;
  /** Resolves when the process that runs the part now has ended. */
  exited: (part: ServiceName) => Promise<void>;
  /** Sends the signal and waits for the end of the process. A killed part stays dead until `start`. */
  kill: (part: ServiceName, signal?: NodeJS.Signals) => Promise<void>;
  /** `settings` change from now on. */
  start: (part: ServiceName, settings?: Record<string, string>) => Promise<void>;
  /** Moves the clock of the stack forward: by a duration such as `20d` or `36h`, or to an instant. */
  advance: (move: string | Date) => Promise<void>;
  /** The time of the stack. */
  now: () => Date;
  /** Sends bodies to the queue in one batch: a Buffer as it is, anything else as JSON. */
  send: (bodies: readonly object[]) => Promise<void>;
  isQueueEmpty: () => Promise<boolean>;
  /** Stops every part and removes the data, unless the test brought the folder. */
  stop: () => Promise<void>;
};

export type TestStackOptions = {
  /** Settings of the app and of the other parts. */
  env?: Record<string, string>;
  /** JSON files to write into the data folder, by the setting that names each. */
  files?: Record<string, object>;
  /** The time that the clock of the stack starts at. */
  now?: Date;
  /** A folder from an earlier stack to continue on; `stop` keeps it. */
  dataDir?: string;
  /** Changes the addresses that the host's app gets. */
  between?: StackOptions['between'];
};

/**
 * The only stack harness of the tests: starts the built stack (`npm run build` first) on free ports. Throws with
 * everything that was printed if a part does not start.
 */
export async function startStack(options: TestStackOptions = {}): Promise<TestStack> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'joinery-test-')));
  const removeData = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  const log: string[] = [];
  let stack: Stack;
  // Not each night that a test lets pass: tests that reconcile or seal ask for it.
  const rarely = { RECONCILE_SCHEDULE: '0 0 3 29 2 *', SEAL_SCHEDULE: '0 5 3 29 2 *' };
  const env: NodeJS.ProcessEnv = { ...process.env, ...freePorts, ...rarely, ...options.env };
  try {
    Object.assign(env, await writeFiles(dataDir, options.files ?? {}));
    stack = await bringUp({
      dataDir,
      restart: false,
      ...(options.now && { now: options.now }),
      env,
      ...(options.between && { between: options.between }),
      print: (part, line) => log.push(`${part}: ${line}`),
    });
  } catch (error) {
    await removeData();
    throw new Error(`the stack did not start:\n${log.join('\n')}`, { cause: error });
  }
  const { host, graph, serviceBus, storage } = stack.now();
  if (!host || !graph || !serviceBus || !storage) throw new Error('a part is missing');
  // By default a sender waits a minute for an answer from a bus that was killed.
  const retryOptions = { timeoutInMs: 5000, maxRetries: 0 };
  const client = new ServiceBusClient(serviceBus.connectionString, { retryOptions });
  const sender = client.createSender(QUEUE);
  const pid = (part: ServiceName): number => stack.now()[memberOf[part]]?.pid ?? 0;
  return {
    dataDir,
    hostUrl: host.url,
    graphUrl: graph.url,
    serviceBus: serviceBus.connectionString,
    storage: storage.connectionString,
    log,
    pid,
    signal: (part, signal) => process.kill(pid(part), signal),
    exited: stack.exited,
    kill: async (part, signal = 'SIGKILL') => {
      process.kill(pid(part), signal);
      await stack.exited(part);
    },
    start: (part, settings = {}) => {
      Object.assign(env, settings);
      return stack.start(part);
    },
    advance: async (move) => {
      const seconds = typeof move === 'string' ? secondsOf(move) : undefined;
      if (typeof move === 'string' && seconds === undefined)
        throw new Error(`not a duration: ${move}`);
      await moveStackClock(dataDir, seconds ?? (move as Date));
    },
    now: () => new Date(Date.now() + (readOffset(dataDir, 'host') ?? 0)),
    send: (bodies) =>
      sender.sendMessages(bodies.map((body) => ({ body, contentType: 'application/json' }))),
    isQueueEmpty: () => isEmpty(serviceBus.connectionString),
    stop: async () => {
      await client.close();
      await stack.stop();
      await removeData();
    },
  };
}

/** Answers the settings that name the written files. */
async function writeFiles(
  folder: string,
  files: Record<string, object>,
): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const [setting, content] of Object.entries(files)) {
    const path = join(folder, `${setting.toLowerCase()}.json`);
    await writeFile(path, JSON.stringify(content));
    settings[setting] = path;
  }
  return settings;
}

/** A client continues behind the messages that it has peeked at; a new one starts at the first message. */
async function isEmpty(connectionString: string): Promise<boolean> {
  const client = new ServiceBusClient(connectionString);
  const messages = await client.createReceiver(QUEUE).peekMessages(1);
  await client.close();
  return messages.length === 0;
}
