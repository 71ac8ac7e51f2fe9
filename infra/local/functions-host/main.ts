import { join } from 'node:path';
import { dataDir, type LocalService, portFrom, projectRoot, runService } from '../stack/service';
import { type AppFunction, functionTable, isClientInput, withTrigger } from './app/function-table';
import { createInvoker, type Invocation } from './app/invoke';
import { type App, loadApp, type LogSink } from './app/load-app';
import { clientBinding } from './durable/api/management-api';
import { startDurable } from './durable/start-durable';
import { type HostJson, readHostJson } from './host-json';
import { httpRoute } from './http/http-trigger';
import {
  functionsHandler,
  type Handler,
  hostPages,
  listen,
  managementHandler,
} from './http/server';
import { createLog, type Log, logLevel } from './log';
import { applyLocalSettings, expandSettings } from './settings';
import { readQueueTrigger, startQueueTriggers } from './triggers/service-bus';
import { readTimer, startTimers } from './triggers/timer';

/** How long a stopping host waits for running functions, in milliseconds; the stack waits longer for the host. */
const GRACE = 5_000;
const HOOKS_GRACE = 1_000;

type HostOptions = { appDir: string; dataDir: string; port: number };

/**
 * Starts the local Functions host on a built app. Reads its state before it accepts a request and before a trigger fires.
 * Rejects with the reason if it cannot start.
 */
async function startHost({ appDir, dataDir, port }: HostOptions): Promise<LocalService> {
  applyLocalSettings(appDir, process.env);
  const warnings: string[] = [];
  const hostJson = readHostJson(appDir, (warning) => warnings.push(warning));
  const log = createLog(logLevel(hostJson.logLevel));
  for (const warning of warnings) log('warning', warning);

  let handlers: readonly Handler[] = [];
  const server = await listen(port, () => handlers, log);
  process.env['WEBSITE_HOSTNAME'] = `localhost:${server.port}`;
  const { hubName } = hostJson.durableTask;
  const app = await loadApp(appDir, appLog(log));
  const functions = readFunctions(app, hostJson);
  for (const entry of functions.table)
    log('information', describeFunction(entry, hostJson.routePrefix));

  const invoke = createInvoker(app.registrations, appLog(log));
  const calls = { invoke, inputs: clientInput(server.origin, hubName), log };
  const settings = hostJson.durableTask;
  const durable = await startDurable({ dataDir, table: functions.table, invoke, log, settings });
  handlers = [
    hostPages(),
    managementHandler(durable.hub, server.origin, hubName),
    functionsHandler(functions.routes, { ...calls, streamUri: app.streamUri }),
  ];
  durable.resume();
  const statusFile = join(dataDir, 'timers.json');
  const timers = startTimers({ ...calls, functions: functions.timers, statusFile });
  const bus = startQueueTriggers({
    ...calls,
    functions: functions.queues,
    settings: hostJson.serviceBus,
  });
  log('information', `local stand-in for the Functions host at ${server.origin}`);

  const stop = async (): Promise<void> => {
    await within(GRACE, Promise.all([bus.stop(), timers.stop(), durable.stop()]));
    await within(HOOKS_GRACE, Promise.all([terminate(app), server.stop()]));
    await durable.close();
    log('information', 'stopped: unfinished work continues at the next start');
  };
  return { address: { url: server.origin }, describe: bus.describe, stop };
}

/** The app's triggers, all read before one is started. Throws one Error that names everything that cannot be run. */
function readFunctions({ registrations }: App, { routePrefix, serviceBus }: HostJson) {
  const faults: string[] = [];
  const fault = (name: string, text: string): void =>
    void faults.push(`function "${name}": ${text}`);
  const table = functionTable(registrations, process.env, fault);
  const readAll = <Trigger>(type: string, read: (entry: AppFunction) => Trigger): Trigger[] =>
    withTrigger(table, type).flatMap((entry) => {
      try {
        return [read(entry)];
      } catch (error) {
        fault(entry.name, error instanceof Error ? error.message : String(error));
        return [];
      }
    });
  const functions = {
    table,
    routes: readAll('httpTrigger', (entry) => httpRoute(entry, routePrefix)),
    queues: readAll('serviceBusTrigger', (entry) => readQueueTrigger(entry, serviceBus)),
    timers: readAll('timerTrigger', readTimer),
  };
  if (faults.length === 0) return functions;
  throw new Error(`the local host cannot run this app:\n  ${faults.join('\n  ')}`);
}

/** The value of every `durableClient` input. */
function clientInput(origin: string, hubName: string): NonNullable<Invocation['inputs']> {
  const string = JSON.stringify(clientBinding(origin, hubName));
  return ({ type }) => (isClientInput(type) ? { string } : undefined);
}

/** Lines of a function have its name, other lines of the app the word `app`. */
function appLog(log: Log): LogSink {
  return ({ level, message, functionName = 'app' }) => log(level, `[${functionName}] ${message}`);
}

async function terminate({ registrations }: App): Promise<void> {
  const { hooks, appHookData, appLevelHookData } = registrations;
  for (const hook of hooks.appTerminate) await hook({ hookData: appLevelHookData, appHookData });
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** One line of the function table: name, trigger and its source. */
function describeFunction(entry: AppFunction, routePrefix: string): string {
  const { name, trigger, disabled } = entry;
  const detail = disabled ? 'disabled' : source(entry, routePrefix);
  return `function ${name}: ${trigger.type}${detail ? ` ${detail}` : ''}`;
}

function source(entry: AppFunction, routePrefix: string): string {
  const { trigger } = entry;
  switch (trigger.type) {
    case 'serviceBusTrigger':
      return expandSettings(String(trigger['queueName']), process.env);
    case 'timerTrigger':
      return expandSettings(String(trigger['schedule']), process.env);
    case 'httpTrigger': {
      const { methods, path } = httpRoute(entry, routePrefix);
      return `[${methods.join(',')}] ${path}`;
    }
    default:
      return '';
  }
}

void runService('host', () =>
  startHost({
    appDir: process.env['FUNCTIONS_APP_DIR'] ?? projectRoot(),
    dataDir: join(dataDir(), 'host'),
    port: portFrom('HOST_PORT', 7071),
  }),
);
