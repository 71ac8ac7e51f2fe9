import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The services in the order of their start; the host is last, because the app needs the other three. */
export const serviceNames = ['storage', 'service-bus', 'graph', 'host'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The folder of a service's program below `infra/local`. */
export const serviceFolders: Record<ServiceName, string> = {
  storage: 'azurite',
  'service-bus': 'service-bus',
  graph: 'graph',
  host: 'functions-host',
};

const portSettings: Record<ServiceName, string[]> = {
  storage: ['AZURITE_BLOB_PORT', 'AZURITE_QUEUE_PORT', 'AZURITE_TABLE_PORT'],
  'service-bus': ['SERVICE_BUS_PORT'],
  graph: ['GRAPH_PORT'],
  host: ['HOST_PORT'],
};

/** Settings with which every service takes a free port. */
export const freePorts: Record<string, string> = Object.fromEntries(
  Object.values(portSettings).flatMap((settings) => settings.map((setting) => [setting, '0'])),
);

/** The settings that restart a service on the ports of its address. */
export function portsOf(
  service: ServiceName,
  address: Record<string, unknown>,
): Record<string, string> {
  const ports = Object.values(address).flatMap((value) =>
    typeof value === 'string' ? [...value.matchAll(/127\.0\.0\.1:(\d+)/g)] : [],
  );
  return Object.fromEntries(
    portSettings[service].flatMap((setting, index) => {
      const port = ports[index]?.[1];
      return port === undefined ? [] : [[setting, port]];
    }),
  );
}

/** The settings to change when a service's port is taken. */
export function portHint(service: ServiceName): string {
  const [first, ...rest] = portSettings[service];
  return `${[first, ...rest].join(', ')} (0 = a free port)`;
}

const pid = z.int().positive();
const Url = z.object({ url: z.string(), pid });
const Connection = z.object({ connectionString: z.string(), pid });

/** Settings of the host's app that the command line needs. */
const Settings = z
  .object({ EVENT_SOURCES: z.string(), PROVISIONING_QUEUE: z.string() })
  .catchall(z.string());

const CompleteStack = z.object({
  host: Url.extend({ settings: Settings.optional() }),
  serviceBus: Connection,
  storage: Connection,
  graph: Url,
});
export type CompleteStack = z.infer<typeof CompleteStack>;

/** The address and process id of each running service: the content of `<data>/stack.json`. */
export const StackFile = CompleteStack.partial();
export type StackFile = z.infer<typeof StackFile>;

/** The members of `StackFile` by service name. */
export const memberOf = {
  storage: 'storage',
  'service-bus': 'serviceBus',
  graph: 'graph',
  host: 'host',
} as const satisfies Record<ServiceName, keyof StackFile>;

const file = (dataDir: string): string => join(dataDir, 'stack.json');

/** What runs on this folder, from its stack.json; empty if there is none. */
export function readStack(dataDir: string): StackFile {
  let text;
  try {
    text = readFileSync(file(dataDir), 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return {};
    throw error;
  }
  return StackFile.parse(JSON.parse(text));
}

/** Records one service, or removes one that has ended. Replaces the file atomically. */
export function recordService(
  dataDir: string,
  service: ServiceName,
  entry: object | undefined,
): void {
  const stack = StackFile.parse({ ...readStack(dataDir), [memberOf[service]]: entry });
  if (Object.values(stack).every((value) => value === undefined)) {
    rmSync(file(dataDir), { force: true });
    return;
  }
  mkdirSync(dataDir, { recursive: true });
  const draft = `${file(dataDir)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`);
  renameSync(draft, file(dataDir));
}
