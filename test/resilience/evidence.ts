import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { createHash } from 'node:crypto';
import { QUEUE, type World } from './world';

/** Where a stack has left its traces. */
export type Place = Pick<World, 'storage' | 'serviceBus' | 'graphUrl' | 'log' | 'dataDir'>;

const tableNames = [
  'claims',
  'workers',
  'packages',
  'due',
  'limits',
  'audit',
  'auditIndex',
] as const;
export type TableName = (typeof tableNames)[number];

/** A row of a table, with what storage itself adds left out. */
export type Row = Readonly<Record<string, unknown>> & { partitionKey: string; rowKey: string };

/** A message that the bus still has. */
export type Kept = { bodyHash: string; reason: string };

/** The members of the simulator's state that the invariants speak of; its README describes them. */
export type GraphState = {
  catalogs: { id: string; displayName: string }[];
  resources: { id: string; catalogId: string; originId: string }[];
  accessPackages: { id: string; catalogId?: string; displayName: string; roles: string[] }[];
  policies: { id: string; packageId: string; displayName: string | null }[];
  requests: {
    id: string;
    requestType: string;
    packageId?: string;
    targetId?: string;
    justification: string | null;
    state: string;
  }[];
  assignments: { id: string; packageId: string; targetId: string; state: string }[];
  grants: { roleOriginId: string; userId: string; assignmentIds: string[] }[];
};

export type GraphCall = { method: string; path: string; status: number | null };

/** All that is left when the faults are over, read past the product: stores, bus and the simulator's own account. */
export type Evidence = {
  tables: Record<TableName, Row[]>;
  queue: Kept[];
  deadLetters: Kept[];
  graph: GraphState;
  graphLog: GraphCall[];
  /** Texts in which no canary may be: what the parts printed, and the files of the host. */
  texts: { place: string; text: string }[];
};

/** Reads all evidence of a stack. Its bus, storage and graph must be running. */
export async function gather(world: Place): Promise<Evidence> {
  return {
    tables: await readTables(world.storage),
    ...(await readBus(world.serviceBus)),
    ...(await readGraph(world.graphUrl)),
    texts: [
      { place: 'log', text: world.log.join('\n') },
      ...(await filesBelow(join(world.dataDir, 'host'))),
    ],
  };
}

export async function readGraph(url: string): Promise<Pick<Evidence, 'graph' | 'graphLog'>> {
  const control = async (what: string): Promise<unknown> =>
    (await fetch(`${url}/_control/${what}`)).json();
  const { value } = (await control('requests')) as { value: GraphCall[] };
  return { graph: (await control('state')) as GraphState, graphLog: value };
}

export async function readTables(storage: string): Promise<Evidence['tables']> {
  const rows = await Promise.all(tableNames.map((name) => readTable(storage, name)));
  const tables = Object.fromEntries(tableNames.map((name, at) => [name, rows[at] ?? []]));
  return tables as Evidence['tables'];
}

export async function readTable(storage: string, name: TableName, filter = ''): Promise<Row[]> {
  const table = TableClient.fromConnectionString(storage, name, { allowInsecureConnection: true });
  const rows: Row[] = [];
  const queryOptions = filter === '' ? {} : { filter };
  for await (const row of table.listEntities({ queryOptions })) {
    const own = Object.entries(row).filter(
      ([column]) => !['etag', 'timestamp'].includes(column) && !column.startsWith('odata.'),
    );
    rows.push(Object.fromEntries(own) as Row);
  }
  return rows;
}

async function readBus(connection: string): Promise<Pick<Evidence, 'queue' | 'deadLetters'>> {
  const client = new ServiceBusClient(connection);
  try {
    const read = async (subQueueType?: 'deadLetter'): Promise<Kept[]> => {
      const receiver = client.createReceiver(QUEUE, {
        skipParsingBodyAsJson: true,
        ...(subQueueType && { subQueueType }),
      });
      const kept: Kept[] = [];
      for (;;) {
        const messages = await receiver.peekMessages(200);
        kept.push(...messages.map(keptOf));
        if (messages.length === 0) return kept;
      }
    };
    return { queue: await read(), deadLetters: await read('deadLetter') };
  } finally {
    await client.close();
  }
}

function keptOf(message: ServiceBusReceivedMessage): Kept {
  const body: unknown = message.body;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const { deadLetterReason, deadLetterErrorDescription, applicationProperties } = message;
  return {
    bodyHash: createHash('sha256').update(bytes).digest('hex'),
    reason: JSON.stringify({ deadLetterReason, deadLetterErrorDescription, applicationProperties }),
  };
}

async function filesBelow(folder: string): Promise<Evidence['texts']> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }) => ({
      place: `host/${name}`,
      text: await readFile(join(parentPath, name), 'utf8'),
    })),
  );
}
