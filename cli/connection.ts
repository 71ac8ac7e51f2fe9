import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCredential } from '../shared/config/identity';
import { openTable } from '../shared/storage/table';
import { ServiceBusClient } from '@azure/service-bus';
import { z } from 'zod';

/** Where the stores and the bus are, and what the app listens to. */
export type Connection = {
  serviceBus: string;
  queue: string;
  records: string;
  audit: string;
  sources: string[];
};

const Address = z.object({ connectionString: z.string() });
const Settings = z.object({ EVENT_SOURCES: z.string(), PROVISIONING_QUEUE: z.string() });
/** What every running stack tells of itself. */
export const Stack = z.object({
  serviceBus: Address,
  storage: Address,
  host: z.object({ settings: Settings.optional() }).optional(),
});

/** What the local stack listens to unless it says otherwise: bus and stores can be asked while its host is away. */
export const LOCAL = {
  EVENT_SOURCES: 'urn:hr:acme:workday',
  PROVISIONING_QUEUE: 'provisioning-events',
};

/** A thing that the person can mend; printed without a stack, and the command exits with `code`. */
export class Complaint extends Error {
  override name = 'Complaint';
  readonly code: number;
  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

export const unknownEvent = (id: string, sources: string[]): Complaint =>
  new Complaint(
    `no event ${id} of ${sources.join(', ')} is known; see "audit --day" for messages without a readable id`,
  );

/** The settings of the environment where they are complete (Azure), else the stack that runs on this machine. */
export function findConnection(env: NodeJS.ProcessEnv): Connection {
  const serviceBus = env['ServiceBus'] ?? env['ServiceBus__fullyQualifiedNamespace'];
  const { RECORDS_STORAGE: records, AUDIT_STORAGE: audit, EVENT_SOURCES: sources } = env;
  if (serviceBus && records && audit && sources) {
    const queue = env['PROVISIONING_QUEUE'] ?? LOCAL.PROVISIONING_QUEUE;
    return { serviceBus, queue, records, audit, sources: listOf(sources) };
  }
  return localConnection(
    readStack(
      Stack,
      env,
      'set ServiceBus (or ServiceBus__fullyQualifiedNamespace), RECORDS_STORAGE, AUDIT_STORAGE and EVENT_SOURCES to ' +
        'those of Azure',
    ),
  );
}

function localConnection({ serviceBus, storage, host }: z.infer<typeof Stack>): Connection {
  const settings = host?.settings ?? LOCAL;
  return {
    serviceBus: serviceBus.connectionString,
    queue: settings.PROVISIONING_QUEUE,
    records: storage.connectionString,
    audit: storage.connectionString,
    sources: listOf(settings.EVENT_SOURCES),
  };
}

/** What the stack that runs on this machine tells; a Complaint with what else to do if there is none. */
export function readStack<Told>(
  schema: z.ZodType<Told>,
  env: NodeJS.ProcessEnv,
  otherwise: string,
): Told {
  const file = join(env['JOINERY_DATA_DIR'] ?? '.joinery', 'stack.json');
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new Complaint(
      `no running stack: ${file} does not tell of one.\nStart one with "npm start", or ${otherwise}.`,
    );
  }
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** The person's own sign-in: the command never has an identity of its own. */
const credential = () => createCredential({ managed: false });

export const openClaims = ({ records }: Connection) => openTable(records, 'claims', credential());

export const openDue = ({ records }: Connection) => openTable(records, 'due', credential());

export const openLedger = ({ audit }: Connection) => ({
  audit: openTable(audit, 'audit', credential()),
  index: openTable(audit, 'auditIndex', credential()),
});

/** A person waits: the client's own patience is minutes. */
const IMPATIENT = { retryOptions: { maxRetries: 1, retryDelayInMs: 500, timeoutInMs: 10_000 } };

export const openBus = ({ serviceBus }: Pick<Connection, 'serviceBus'>): ServiceBusClient =>
  serviceBus.includes('=')
    ? new ServiceBusClient(serviceBus, IMPATIENT)
    : new ServiceBusClient(serviceBus, credential(), IMPATIENT);

/** The client gathers what several tries said under an empty message. */
function textOf(error: unknown): string {
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : error;
  const text = last instanceof Error ? last.message : String(last);
  return text === '' ? 'it does not answer' : text;
}

/** Runs `act` with a client of the bus, and closes it whatever happens. */
export async function withBus<T>(
  connection: Connection,
  act: (client: ServiceBusClient) => Promise<T>,
): Promise<T> {
  const client = openBus(connection);
  try {
    return await act(client);
  } catch (error) {
    if (error instanceof Complaint) throw error;
    throw new Complaint(`the Service Bus does not do it: ${textOf(error)}`);
  } finally {
    await client.close();
  }
}
