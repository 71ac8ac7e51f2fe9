import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { signedContainer } from '../blobs/signed-container';
import { clockServices, readOffset, writeOffset } from '../clock/clock-files';
import { projectRoot } from './service';
import { type ServiceProcess, startProcess } from './service-process';
import {
  memberOf,
  type ServiceName,
  serviceNames,
  portsOf,
  readStack,
  recordService,
  type StackFile,
} from './services';

export type StackOptions = {
  /** Absolute path of the folder with every service's data. */
  dataDir: string;
  /** One service, beside others that already run; all services by default. */
  only?: ServiceName;
  /** The time that the clock of the stack starts at; by default it goes on as it was on this folder. */
  now?: Date;
  /** Whether a service that ends is restarted on its ports and data. */
  restart: boolean;
  env: NodeJS.ProcessEnv;
  /** Replaces the addresses that the app gets, for example with those of proxies. */
  between?: (stack: StackFile) => StackFile;
  print: (service: ServiceName, line: string) => void;
};

/** The running local stack, or its one chosen service. */
export type Stack = {
  /** Addresses and process ids as they are now. */
  now: () => StackFile;
  /** Restarts a service that has ended, on its ports and data. */
  start: (service: ServiceName) => Promise<void>;
  /** Resolves when the service's current process has ended. */
  exited: (service: ServiceName) => Promise<void>;
  /** Stops every service in order, the host first. */
  stop: () => Promise<void>;
};

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** After this lifetime, the next restart starts again with the first pause. */
const steadyMs = 30_000;

/**
 * Starts the services, records them in `<dataDir>/stack.json` and restarts the ones that end. If one cannot start, stops all
 * and throws the reason.
 */
export async function bringUp(options: StackOptions): Promise<Stack> {
  const { dataDir, only, print } = options;
  const chosen = serviceNames.filter((service) => only === undefined || only === service);
  await refuseRunning(dataDir, chosen);
  startClock(dataDir, options.now);
  // A single service reuses its recorded ports, which the others know; a complete stack takes the ports of its settings.
  const known = only === undefined ? {} : readStack(dataDir);
  const processes = new Map<ServiceName, ServiceProcess>();
  const pauses = new Map<ServiceName, number>();
  const stopping = new AbortController();

  const start = async (service: ServiceName): Promise<void> => {
    const env = environment(service, options, known);
    const running = startProcess(service, env, (line) => print(service, line));
    const since = Date.now();
    processes.set(service, running);
    const entry = { ...(await running.ready), pid: running.pid, ...settingsOf(service, env) };
    Object.assign(known, { [memberOf[service]]: entry });
    recordService(dataDir, service, entry);
    void running.exited.then((how) => onExit(service, how, Date.now() - since));
  };
  const onExit = (service: ServiceName, how: string, lifetimeMs: number): void => {
    if (stopping.signal.aborted) return;
    print(service, `ended (${how})${options.restart ? '' : `; start it with --only ${service}`}`);
    if (options.restart) void restartLater(service, lifetimeMs);
  };
  const restartLater = async (service: ServiceName, lifetimeMs: number): Promise<void> => {
    const pause = lifetimeMs > steadyMs ? firstPauseMs : (pauses.get(service) ?? firstPauseMs);
    pauses.set(service, Math.min(pause * 2, longestPauseMs));
    try {
      await wait(pause, undefined, { signal: stopping.signal });
      await start(service);
      print(service, 'started again');
    } catch (error) {
      onExit(service, error instanceof Error ? error.message : String(error), 0);
    }
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    for (const service of serviceNames.toReversed()) {
      const running = processes.get(service);
      if (running === undefined) continue;
      await running.stop();
      recordService(dataDir, service, undefined);
    }
  };

  try {
    const first = chosen.filter((service) => service !== 'host');
    const outcomes = await Promise.allSettled(first.map(start));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    if (chosen.includes('host')) await start('host');
  } catch (error) {
    await stop();
    throw error;
  }
  const exited = async (service: ServiceName): Promise<void> => {
    await processes.get(service)?.exited;
  };
  return { now: () => readStack(dataDir), start, exited, stop };
}

function environment(
  service: ServiceName,
  options: StackOptions,
  known: StackFile,
): NodeJS.ProcessEnv {
  const { dataDir, env, between = (stack: StackFile) => stack } = options;
  return {
    ...env,
    ...portsOf(service, known[memberOf[service]] ?? {}),
    JOINERY_DATA_DIR: dataDir,
    ...(service === 'host' ? appSettings(between(readStack(dataDir)), env) : {}),
  };
}

/** Settings of the app that stack.json holds for the command line. */
const REPORTED_SETTINGS = [
  ...['EVENT_SOURCES', 'PROVISIONING_QUEUE', 'ACCESS_MODEL', 'MATCH_ATTRIBUTE', 'PACKAGES'],
  'SEALS',
  ...[
    'GRAPH_DIALECT',
    'GRAPH_DRAFT_ROOTS',
    'GRAPH_DRAFT_MEMBERS',
    'GRAPH_DRAFT_NULLS',
    'GRAPH_DEADLINE',
    'GRAPH_LAG',
    'AZURE_CLIENT_ID',
  ],
];

function settingsOf(service: ServiceName, env: NodeJS.ProcessEnv) {
  const reported = REPORTED_SETTINGS.filter((name) => env[name]).map((name) => [name, env[name]]);
  return service === 'host' ? { settings: Object.fromEntries(reported) as object } : {};
}

/** Defaults that the shell can override; the waits are short for use on a laptop. */
const defaults = (): Record<string, string> => ({
  AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
  PROVISIONING_QUEUE: 'provisioning-events',
  EVENT_SOURCES: 'urn:hr:acme:workday',
  ACCESS_MODEL: join(projectRoot(), 'access-model.json'),
  POLL_SCHEDULE: '500ms 1s 2s<1m 5s<10m 30s',
  POLL_BOARD: '1s',
  DELIVERY_DEADLINE: '10m',
  APPROVAL_DEADLINE: '1h',
  PARTIAL_GRACE: '1m',
  IDENTITY_DEADLINE: '5m',
  CALL_PATIENCE: '10m',
  GRAPH_LAG: '250ms',
  SUPERVISE_SCHEDULE: '*/5 * * * * *',
  RECOVERY_DELAY: '30s',
  REMOVAL_SETTLE: '10s',
});

/**
 * The app's settings on the local stack. The addresses are always those of the stack, so that settings of a real tenant in
 * the shell have no effect. Throws if a service that the app needs is not running.
 */
export function appSettings(stack: StackFile, env: NodeJS.ProcessEnv): Record<string, string> {
  const { serviceBus, storage, graph } = stack;
  if (serviceBus === undefined || storage === undefined || graph === undefined) {
    throw new Error('host: needs storage, service-bus and graph running: start them first');
  }
  const chosen = Object.entries(defaults()).filter(([name]) => env[name] === undefined);
  return {
    ...Object.fromEntries(chosen),
    ServiceBus: serviceBus.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    SEALS: signedContainer(storage.connectionString, 'seals', 'rcl'),
    GRAPH_URL: graph.url,
  };
}

/**
 * Sets the clock of every service that has one. It belongs to the folder, because rows, histories and messages have its
 * times: it goes on over a restart and never goes back.
 */
function startClock(dataDir: string, now: Date | undefined): void {
  const known = clockServices.flatMap((service) => readOffset(dataDir, service) ?? []);
  const [latest] = known.sort((one, other) => other - one);
  const offsetMs = now === undefined ? (latest ?? 0) : now.getTime() - Date.now();
  if (latest !== undefined && offsetMs < latest) {
    const at = new Date(Date.now() + latest).toISOString();
    throw new Error(
      `the clock of ${dataDir} is at ${at} and cannot go back; leave out --now, choose a later time, or another folder with --data`,
    );
  }
  for (const service of clockServices) {
    if (readOffset(dataDir, service) !== offsetMs) writeOffset(dataDir, service, offsetMs);
  }
}

/**
 * Throws if one of the services already runs on this folder: two processes would corrupt its journal. A process id is not
 * enough, because the system can reuse it; the process must also answer on the service's port.
 */
async function refuseRunning(dataDir: string, services: readonly ServiceName[]): Promise<void> {
  const stack = readStack(dataDir);
  for (const service of services) {
    const entry = stack[memberOf[service]];
    if (entry === undefined || !isAlive(entry.pid)) continue;
    const [port] = Object.values(portsOf(service, entry));
    if (port === undefined || !(await answers(Number(port)))) continue;
    throw new Error(
      `${service}: already runs on ${dataDir} (process ${entry.pid}); stop it first, or choose another folder with --data`,
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
