import { resolve } from 'node:path';
import { runTool } from '../../command-line';
import { isDateTime, toUtc } from '../../../shared/domain/events/time';
import { readOffset } from '../clock/clock-files';
import { dataDir } from './service';
import { type ServiceName, serviceNames, type StackFile } from './services';
import { bringUp } from './stack';

const usage = `Runs Joinery on this machine: storage, Service Bus, Microsoft Graph and the Functions host, each a local
stand-in in its own process, bound to loopback. For development and tests, not for production.

usage: npm start -- [options]
  --only <part>   start one service beside those that run: ${serviceNames.join(', ')}
  --no-restart    do not restart a service that ends
  --now <time>    start the clock of the stack at a time such as 2027-01-01T09:00:00Z; "npm run joinery clock" moves it
  --data <dir>    the folder of all data (JOINERY_DATA_DIR; .joinery)
  --help          print this text
ports: HOST_PORT 7071, SERVICE_BUS_PORT 5672, GRAPH_PORT 7080, AZURITE_BLOB_PORT 10000, AZURITE_QUEUE_PORT 10001,
       AZURITE_TABLE_PORT 10002; 0 takes a free one`;

type Command = { only?: ServiceName; now?: Date; restart: boolean; folder: string };

function partOf(text: string): ServiceName {
  const only = serviceNames.find((service) => service === text);
  if (only !== undefined) return only;
  throw new Error(`--only takes one of ${serviceNames.join(', ')}, not "${text}"`);
}

function instantOf(text: string): Date {
  if (isDateTime(text)) return new Date(toUtc(text));
  throw new Error(`--now takes a time such as 2027-01-01T09:00:00Z, not "${text}"`);
}

function clockOf(folder: string): string {
  const offsetMs = readOffset(folder, 'host') ?? 0;
  return offsetMs === 0 ? '' : `  clock        ${new Date(Date.now() + offsetMs).toISOString()}\n`;
}

function addresses(stack: StackFile, folder: string): string {
  return [
    '',
    `Joinery is up. Local stand-ins for development, not for production. Data: ${folder}`,
    `  host         ${stack.host?.url ?? '(not running)'}`,
    `  service bus  ${stack.serviceBus?.connectionString ?? '(not running)'}`,
    `  storage      ${stack.storage?.connectionString ?? '(not running)'}`,
    `  graph        ${stack.graph?.url ?? '(not running)'}`,
    `${clockOf(folder)}Ctrl-C stops it.`,
  ].join('\n');
}

async function run({ folder, ...options }: Command): Promise<number> {
  // Before the stack is complete, exiting is enough: its services end when this process has ended.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let leave = (): void => process.exit(130);
  for (const signal of signals) process.on(signal, () => leave());
  const stack = await bringUp({
    ...options,
    dataDir: folder,
    env: process.env,
    print: (service, line) => console.log(`${service.padEnd(11)} | ${line}`),
  });
  console.log(addresses(stack.now(), folder));
  // Only reached when every service has ended and none is restarted.
  process.once('beforeExit', () => process.exit(1));
  leave = () => {
    leave = () => process.exit(130);
    stack.stop().then(() => process.exit(0), fail);
  };
  return 0;
}

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

void runTool({
  usage,
  options: {
    only: { type: 'string' },
    'no-restart': { type: 'boolean', default: false },
    now: { type: 'string' },
    data: { type: 'string' },
  },
  read: ({ only, now, data, 'no-restart': stays }) => {
    if (only !== undefined && now !== undefined)
      throw new Error('--now is of the whole stack, so it cannot be given with --only');
    return {
      ...(now !== undefined && { now: instantOf(now) }),
      ...(only !== undefined && { only: partOf(only) }),
      restart: !stays,
      folder: resolve(data ?? dataDir()),
    };
  },
  run,
});
