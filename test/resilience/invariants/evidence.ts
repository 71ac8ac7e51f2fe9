import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { eventually } from '../../support/eventually';
import { QUEUE } from '../../support/events';
import { graphCalls, type GraphCall } from '../../support/simulator';
import { readTable, type Row } from '../../support/tables';
import type { TestStack } from '../../support/test-stack';

/** What the evidence of a stack is read from. */
type Sources = Pick<TestStack, 'storage' | 'serviceBus' | 'graphUrl' | 'log' | 'dataDir'>;

const tableNames = [
  'claims',
  'workers',
  'packages',
  'due',
  'limits',
  'audit',
  'auditIndex',
] as const;
type TableName = (typeof tableNames)[number];

/** A message that is still on the bus. */
export type StoredMessage = { bodyHash: string; reason: string };

/** The part of the simulator's state that the invariants read; its README describes it. */
export type GraphState = {
  catalogs: { id: string; displayName: string }[];
  resources: { id: string; catalogId: string; originId: string }[];
  accessPackages: {
    id: string;
    catalogId?: string;
    displayName: string;
    roles: string[];
    incompatibleWith?: string[];
  }[];
  policies: { id: string; packageId: string; displayName: string | null }[];
  requests: {
    id: string;
    requestType: string;
    packageId?: string;
    targetId?: string;
    assignmentId?: string;
    justification: string | null;
    state: string;
    completedAt?: number;
  }[];
  assignments: {
    id: string;
    packageId: string;
    targetId: string;
    state: string;
    createdAt?: number;
    expiredAt?: number;
  }[];
  grants: { roleOriginId: string; userId: string; assignmentIds: string[] }[];
};

/** The ids of the assignments that somebody else made, and nobody has adopted. */
export function foreignAssignments(
  { requests }: GraphState,
  { others, adopted }: { others: readonly string[]; adopted: readonly string[] },
): Set<string | undefined> {
  return new Set(
    requests
      .filter(({ requestType }) => !/remove/i.test(requestType))
      .filter(({ justification }) => others.includes(justification ?? ''))
      .map(({ assignmentId }) => assignmentId)
      .filter((id) => !adopted.includes(id ?? '')),
  );
}

/** The state after the faults: stores, bus and the log of the simulator, read without the code of the product. */
export type Evidence = {
  tables: Record<TableName, Row[]>;
  queue: StoredMessage[];
  deadLetters: StoredMessage[];
  graph: GraphState;
  graphLog: Pick<GraphCall, 'method' | 'path' | 'status'>[];
  /** Texts that must hold no canary: what the processes printed, and the files of the host. */
  texts: { place: string; text: string }[];
};

/**
 * Reads all evidence of a stack once every event has ended and the queue is empty. What has not ended within half a minute
 * is in the evidence as it is, where the invariants name it. The bus, storage and Graph simulator must be running.
 */
export async function collectEvidence(stack: Sources): Promise<Evidence> {
  let evidence = await readEvidence(stack);
  await eventually(
    'every event has ended',
    async () => hasEnded(evidence) || hasEnded((evidence = await readEvidence(stack))),
    { seconds: 30 },
  ).catch(() => undefined);
  return evidence;
}

const hasEnded = ({ queue, tables }: Evidence): boolean =>
  queue.length === 0 &&
  tables.claims.every(({ rowKey, state }) => rowKey !== 'claim' || state === 'closed');

async function readEvidence(stack: Sources): Promise<Evidence> {
  return {
    tables: await readTables(stack.storage),
    ...(await readBus(stack.serviceBus)),
    ...(await readGraph(stack.graphUrl)),
    texts: [
      { place: 'log', text: stack.log.join('\n') },
      ...(await filesBelow(join(stack.dataDir, 'host'))),
    ],
  };
}

/** The state and the log of the simulator at `url`. */
export async function readGraph(url: string): Promise<Pick<Evidence, 'graph' | 'graphLog'>> {
  const state = await fetch(`${url}/_control/state`);
  return { graph: (await state.json()) as GraphState, graphLog: await graphCalls(url) };
}

/** All rows of all tables, by the connection string of their storage. */
export async function readTables(storage: string): Promise<Evidence['tables']> {
  const rows = await Promise.all(tableNames.map((name) => readTable(storage, name)));
  const tables = Object.fromEntries(tableNames.map((name, at) => [name, rows[at] ?? []]));
  return tables as Evidence['tables'];
}

async function readBus(connection: string): Promise<Pick<Evidence, 'queue' | 'deadLetters'>> {
  const client = new ServiceBusClient(connection);
  try {
    const read = async (subQueueType?: 'deadLetter'): Promise<StoredMessage[]> => {
      const receiver = client.createReceiver(QUEUE, {
        skipParsingBodyAsJson: true,
        ...(subQueueType && { subQueueType }),
      });
      const messages: StoredMessage[] = [];
      for (;;) {
        const more = await receiver.peekMessages(200);
        messages.push(...more.map(storedMessageOf));
        if (more.length === 0) return messages;
      }
    };
    return { queue: await read(), deadLetters: await read('deadLetter') };
  } finally {
    await client.close();
  }
}

function storedMessageOf(message: ServiceBusReceivedMessage): StoredMessage {
  const bytes = bytesOf(message.body);
  const { deadLetterReason, deadLetterErrorDescription, applicationProperties } = message;
  return {
    bodyHash: createHash('sha256').update(bytes).digest('hex'),
    reason: JSON.stringify({ deadLetterReason, deadLetterErrorDescription, applicationProperties }),
  };
}

/** Data is its bytes, a text its UTF-8, and any other AMQP value its JSON text, as docs/event-contract.md says. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body, timestampsNamed));
}

function timestampsNamed(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Date ? { $timestamp: raw.getTime() } : value;
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
