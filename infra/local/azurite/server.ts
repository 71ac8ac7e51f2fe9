import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TableServiceClient } from '@azure/data-tables';
import BlobConfiguration from 'azurite/dist/src/blob/BlobConfiguration';
import BlobServer from 'azurite/dist/src/blob/BlobServer';
import QueueConfiguration from 'azurite/dist/src/queue/QueueConfiguration';
import QueueServer from 'azurite/dist/src/queue/QueueServer';
import ExpressRequestAdapter from 'azurite/dist/src/table/generated/ExpressRequestAdapter';
import TableConfiguration from 'azurite/dist/src/table/TableConfiguration';
import TableServer from 'azurite/dist/src/table/TableServer';
import { createContainer } from '../blobs/signed-container';
import { sortTables } from './sorted-tables';

/*
 * Azurite turns each chunk of a request into text by itself: a character that begins in one chunk and ends in the next would
 * be lost, in rows of more than 64 KiB. A stream that has an encoding is decoded as a whole. A batch is read as bytes anyway.
 */
const adapter = ExpressRequestAdapter.prototype;
const bodyStreamOf = Reflect.get(adapter, 'getBodyStream');
adapter.getBodyStream = function (this: ExpressRequestAdapter) {
  const stream = bodyStreamOf.call(this);
  const isBatch = this.getHeader('content-type')?.startsWith('multipart/');
  return isBatch ? stream : stream.setEncoding('utf8');
};

const host = '127.0.0.1';
const keepAliveSeconds = 60;

/** The development account that every Azurite knows; its key is published and protects nothing. */
const account = 'devstoreaccount1';
const accountKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

type Settings = {
  blobPort: number;
  queuePort: number;
  tablePort: number;
  dataDir: string;
  /** File to which every request to the table server is appended, in the Common Log Format; none unless named. */
  tableLog?: string | undefined;
  /** Whether the tables are kept in memory alone; by default all of them are written to disk every five seconds. */
  isInMemory?: boolean;
};

/** What the three Azurite servers have in common. */
type Server = {
  start(): Promise<void>;
  close(): Promise<void>;
  getHttpServerAddress(): string;
};

/**
 * Starts Azurite's blob, queue and table servers on loopback with their data in `dataDir`, and makes the app's tables and the container of its seals.
 * Port 0 takes a free one. Throws `EADDRINUSE` if a port is taken.
 *
 * Azurite writes to disk every five seconds: `stop` loses nothing, `kill -9` loses the last seconds.
 */
export async function startStorage(
  settings: Settings,
): Promise<{ connectionString: string; stop: () => Promise<void> }> {
  sortTables();
  await mkdir(settings.dataDir, { recursive: true });
  const blob = new BlobServer(
    configure(new BlobConfiguration(...extentStore(settings.blobPort, settings.dataDir, 'blob'))),
  );
  const queue = new QueueServer(
    configure(
      new QueueConfiguration(...extentStore(settings.queuePort, settings.dataDir, 'queue')),
    ),
  );
  const database = join(settings.dataDir, 'table.json');
  const tableConfiguration = new TableConfiguration(
    host,
    settings.tablePort,
    keepAliveSeconds,
    database,
  );
  const { tableLog, isInMemory: isMemoryPersistence = false } = settings;
  const table = new TableServer(
    Object.assign(configure(tableConfiguration, tableLog), { isMemoryPersistence }),
  );
  const stop = await startAll([blob, queue, table]);
  const connectionString = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${account}`,
    `AccountKey=${accountKey}`,
    `BlobEndpoint=${blob.getHttpServerAddress()}/${account}`,
    `QueueEndpoint=${queue.getHttpServerAddress()}/${account}`,
    `TableEndpoint=${table.getHttpServerAddress()}/${account};`,
  ].join(';');
  await createTables(connectionString);
  await createContainer(connectionString, 'seals');
  return { connectionString, stop };
}

/** The SDKs are newer than this Azurite and would be refused for their API version; its access log is off unless asked for. */
function configure<T extends object>(configuration: T, logFile?: string): T {
  return Object.assign(configuration, {
    skipApiVersionCheck: true,
    enableAccessLog: logFile !== undefined,
    ...(logFile !== undefined && {
      accessLogWriteStream: createWriteStream(logFile, { flags: 'a' }),
    }),
  });
}

function extentStore(
  port: number,
  dataDir: string,
  name: string,
): ConstructorParameters<typeof BlobConfiguration> {
  const file = (suffix: string): string => join(dataDir, `${name}${suffix}`);
  const extents = [{ locationId: 'Default', locationPath: file('-extents'), maxConcurrency: 50 }];
  return [host, port, keepAliveSeconds, file('.json'), file('-extents.json'), extents];
}

async function startAll(servers: Server[]): Promise<() => Promise<void>> {
  const started: Server[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.close()));
  };
  for (const server of servers) {
    try {
      await server.start();
    } catch (error) {
      await stop();
      throw error;
    }
    started.push(server);
  }
  return stop;
}

/** The tables that infrastructure makes and the app expects: mutable records, then the append-only ledger. */
const tables = [
  'claims',
  'workers',
  'packages',
  'due',
  'limits',
  'removals',
  'staging',
  'audit',
  'auditIndex',
];

/** Makes every table that is missing. */
async function createTables(connectionString: string): Promise<void> {
  const service = TableServiceClient.fromConnectionString(connectionString, {
    allowInsecureConnection: true,
  });
  await Promise.all(tables.map((name) => service.createTable(name)));
}
