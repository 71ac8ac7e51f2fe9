import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { readConfig, SettingsError, type Config } from '../shared/config/config';
import { createCredential } from '../shared/config/identity';
import { createClaims } from '../shared/storage/claims';
import { createDue } from '../shared/storage/due';
import { createLedgerReader } from '../shared/storage/audit';
import { createHoldings } from '../shared/storage/holdings';
import { createRemovalBrakes } from '../shared/storage/removals';
import { openRemovalRecords } from '../shared/storage/removal-records';
import { openSeals } from '../shared/storage/seals';
import { createStaging } from '../shared/storage/staging';
import { TABLES, type TableName } from '../shared/storage/named-rows';
import type { Table } from '../shared/storage/storage-port';
import { openTable } from '../shared/storage/table';
import { createWorkers } from '../shared/storage/workers';
import { dataDirOf, stackTime } from './clock';
import { CliError } from './print';

/** Where stores and queue are, and which CloudEvents sources the app accepts. */
export type Connection = {
  serviceBus: string;
  queue: string;
  records: string;
  audit: string;
  /** The container of the seals; undefined where none is known. */
  seals: string | undefined;
  sources: string[];
  /** Path or blob URL of the access model; undefined if only the addresses of an app in Azure are known. */
  accessModel: string | undefined;
  matchAttribute: string;
  /** Milliseconds since 1970 by the clock of the app: the one of the local stack can be moved. */
  now: () => number;
};

/** The settings of the app, and whether it is the app of the local stack. */
export type AppSettings = {
  settings: Record<string, string | undefined>;
  local: boolean;
  /** The http address of the app; known only of the local stack. */
  host?: string | undefined;
};

const Address = z.object({ connectionString: z.string() });

/** stack.json of a running local stack. Its host and Graph may be stopped. */
const Stack = z.object({
  serviceBus: Address,
  storage: Address,
  host: z.object({ settings: z.record(z.string(), z.string()).optional() }).optional(),
});
/** What a command needs that works on the tenant too. */
const StackWithGraph = Stack.extend({
  graph: z.object({ url: z.string() }),
  host: Stack.shape.host.unwrap().extend({ url: z.string() }).optional(),
});

/** Settings of the local app while its host is stopped. */
const DEFAULTS = {
  EVENT_SOURCES: 'urn:hr:acme:workday',
  PROVISIONING_QUEUE: 'provisioning-events',
  GRAPH_LAG: '250ms',
  MATCH_ATTRIBUTE: 'employeeId',
};

/** The model of the local app unless ACCESS_MODEL names another. */
const SAMPLE_MODEL = join(__dirname, '..', '..', 'access-model.json');

/** Reads the stack of this machine. Throws a CliError that names the alternative if there is none. */
function readStack<Shape>(
  schema: z.ZodType<Shape>,
  env: NodeJS.ProcessEnv,
  alternative: string,
): Shape {
  const file = join(dataDirOf(env), 'stack.json');
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new CliError(
      `no running stack in ${file}.\nStart one with "npm start", or ${alternative}.`,
    );
  }
}

const localSettings = ({ serviceBus, storage, host }: z.infer<typeof Stack>) => ({
  ...DEFAULTS,
  ...host?.settings,
  ServiceBus: serviceBus.connectionString,
  AzureWebJobsStorage: storage.connectionString,
  RECORDS_STORAGE: storage.connectionString,
  AUDIT_STORAGE: storage.connectionString,
});

/** The settings of the environment if they are complete (Azure), else those of the stack on this machine. */
export function findConnection(env: NodeJS.ProcessEnv): Connection {
  const isComplete =
    addressOf(env) && env['RECORDS_STORAGE'] && env['AUDIT_STORAGE'] && env['EVENT_SOURCES'];
  const settings: NodeJS.ProcessEnv = isComplete
    ? env
    : localSettings(
        readStack(
          Stack,
          env,
          'set ServiceBus (or ServiceBus__fullyQualifiedNamespace), RECORDS_STORAGE, AUDIT_STORAGE and EVENT_SOURCES ' +
            'to those of Azure',
        ),
      );
  return {
    serviceBus: addressOf(settings),
    queue: settings['PROVISIONING_QUEUE'] ?? DEFAULTS.PROVISIONING_QUEUE,
    records: settings['RECORDS_STORAGE'] ?? '',
    audit: settings['AUDIT_STORAGE'] ?? '',
    seals: settings['SEALS'],
    sources: listOf(settings['EVENT_SOURCES'] ?? ''),
    matchAttribute: settings['MATCH_ATTRIBUTE'] ?? DEFAULTS.MATCH_ATTRIBUTE,
    accessModel: settings['ACCESS_MODEL'] ?? (isComplete ? undefined : SAMPLE_MODEL),
    now: isComplete ? Date.now : () => stackTime(dataDirOf(env)),
  };
}

/** The connection string of the namespace, or its name. */
export const addressOf = (settings: AppSettings['settings']): string =>
  settings['ServiceBus'] ?? settings['ServiceBus__fullyQualifiedNamespace'] ?? '';

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const ADDRESSES = [
  'ServiceBus',
  'ServiceBus__fullyQualifiedNamespace',
  'RECORDS_STORAGE',
  'AUDIT_STORAGE',
];

const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
/** `az functionapp config appsettings list`, a local.settings.json, or a plain object. */
const SettingsFile = z.union([
  z
    .array(z.object({ name: z.string(), value: Text }))
    .transform((list) => Object.fromEntries(list.map(({ name, value }) => [name, value]))),
  z.object({ Values: z.record(z.string(), Text) }).transform(({ Values }) => Values),
  z.record(z.string(), Text),
]);

/**
 * All settings of the app: from a file ("-" is standard input), else from the environment if it holds one of the app's
 * addresses, else from the local stack.
 */
export async function findSettings(env: NodeJS.ProcessEnv, file?: string): Promise<AppSettings> {
  if (file !== undefined)
    return { settings: readSettings(await readBody(file), file), local: false };
  if (ADDRESSES.some((name) => env[name])) return { settings: env, local: false };
  const stack = readStack(
    StackWithGraph,
    env,
    'pass the settings of an app in Azure with --settings <file>',
  );
  const settings = { ...localSettings(stack), GRAPH_URL: stack.graph.url };
  return { settings, local: true, host: stack.host?.url };
}

function readSettings(bytes: Buffer, file: string): Record<string, string> {
  try {
    return SettingsFile.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new CliError(
      `${file} holds no settings. Pass the output of "az functionapp config appsettings list", or a local.settings.json.`,
      2,
    );
  }
}

/** The settings as the app itself reads them. Throws a CliError that names what is missing or wrong. */
export function configOf({ settings }: AppSettings): Config {
  try {
    return readConfig(settings);
  } catch (error) {
    throw error instanceof SettingsError ? new CliError(error.message) : error;
  }
}

const UNREADABLE: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
};

/** The bytes of a file, or of standard input for `-`: decoding them would repair what is wrong with them. */
export async function readBody(file: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : readFileSync(file);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CliError(`cannot read ${file}: ${UNREADABLE[code] ?? code}`, 2);
  }
}

/** The sign-in of the person who runs the command: it has no identity of its own. */
export const ownCredential = () => createCredential({ managed: false });

export const openClaims = ({ records }: Connection) =>
  createClaims(openTable(records, 'claims', ownCredential()));

export const openDue = ({ records }: Connection) =>
  createDue(openTable(records, 'due', ownCredential()));

export const openWorkers = ({ records }: Connection) =>
  createWorkers(openTable(records, 'workers', ownCredential()));

export const openHoldings = ({ records }: Connection) =>
  createHoldings(openTable(records, 'workers', ownCredential()));

export const openBrakes = ({ records }: Connection) =>
  createRemovalBrakes(openTable(records, 'removals', ownCredential()));

export const openStaging = ({ records }: Connection) =>
  createStaging(openTable(records, 'staging', ownCredential()));

/** The container of the seals. Throws where nothing says which it is. */
function containerOfSeals({ seals }: Connection): string {
  if (seals !== undefined) return seals;
  throw new CliError(
    'where the seals are is not known: set SEALS to the address of their container',
  );
}

export const openSealsOf = (connection: Connection) =>
  openSeals(containerOfSeals(connection), ownCredential());

/** The records of removals, which are beside the seals. */
export const openRemovalRecordsOf = (connection: Connection) =>
  openRemovalRecords(containerOfSeals(connection), ownCredential());

export const openAudit = ({ audit }: Connection) =>
  createLedgerReader(
    openTable(audit, 'audit', ownCredential()),
    openTable(audit, 'auditIndex', ownCredential()),
  );

/** Every table, to be read whole. */
export const openTables = ({ records, audit }: Connection) => {
  const tables = TABLES.map((name) => {
    const storage = name === 'audit' || name === 'auditIndex' ? audit : records;
    return [name, openTable(storage, name, ownCredential())] as const;
  });
  return Object.fromEntries(tables) as Record<TableName, Table>;
};
