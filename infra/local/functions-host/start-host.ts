import { join } from 'node:path';
import type { Part } from '../stack/part';
import { functionTable, withTrigger } from './app/function-table';
import { createInvoker, type Invocation, type LogSink } from './app/invoke';
import { loadApp, type App } from './app/load-app';
import { clientBinding } from './durable/api/client-binding';
import { startDurable } from './durable/start-durable';
import { describeFunction } from './describe-function';
import { readHostJson, type HostJson } from './host-json';
import { functionsHandler, hostPages, managementHandler } from './http/handlers';
import { httpRoute } from './http/route';
import { listen, type Handler } from './http/server';
import { createLog, logLevel, type Log } from './log';
import { applyLocalSettings } from './settings';
import { readQueueTrigger, startQueueTriggers } from './triggers/service-bus';
import { startTimers } from './triggers/timer';

/** How long running functions may take to end when the host is stopped, in milliseconds; whoever stops it waits longer. */
const GRACE = 5_000;
const HOOKS_GRACE = 1_000;

export type HostOptions = { appDir: string; dataDir: string; port: number };

/**
 * Starts the stand-in for the Functions host on a built app. State is read before the first request is accepted and
 * before any trigger fires. Rejects with the reason when anything of it cannot be done.
 */
export async function startHost({ appDir, dataDir, port }: HostOptions): Promise<Part> {
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
    log('information', 'stopped: what is unfinished goes on at the next start');
  };
  return { address: { url: server.origin }, stop };
}

/** What of the app is to be started, read before anything is. */
function readFunctions({ registrations }: App, { routePrefix, serviceBus }: HostJson) {
  const table = functionTable(registrations, process.env);
  return {
    table,
    routes: withTrigger(table, 'httpTrigger').map((entry) => httpRoute(entry, routePrefix)),
    queues: withTrigger(table, 'serviceBusTrigger').map((entry) =>
      readQueueTrigger(entry, serviceBus),
    ),
    timers: withTrigger(table, 'timerTrigger'),
  };
}

/** The value of every `durableClient` input. */
function clientInput(origin: string, hubName: string): NonNullable<Invocation['inputs']> {
  const string = JSON.stringify(clientBinding(origin, hubName));
  return ({ type }) =>
    /^(durableClient|orchestrationClient)$/i.test(type) ? { string } : undefined;
}

/** Lines of the app carry the function's name, others the word `app`. */
function appLog(log: Log): LogSink {
  return ({ level, message, functionName = 'app' }) => log(level, `[${functionName}] ${message}`);
}

async function terminate({ registrations: { hooks, appHookData } }: App): Promise<void> {
  for (const hook of hooks.appTerminate) await hook({ hookData: {}, appHookData });
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
