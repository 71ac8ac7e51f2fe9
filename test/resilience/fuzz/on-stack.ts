import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { onPassingStack, type PassingStack } from '../../../infra/local/stack/passing-stack';
import type { Case } from './sent';

const QUEUE = 'provisioning-events';
/** What a message may hold at most on the bus, less what is around the body. */
const MOST_BYTES = 200_000;

export type StackReport = {
  bodies: number;
  deadLetters: number;
  rejectedRows: number;
  otherRows: number;
  graphCalls: number;
  wrong: string[];
};

/**
 * Sends bodies that break the contract through the real bus, host and intake of a local stack of its own (`npm run build`
 * first), waits until all are dead letters, and reads what they left: one rejected row each, no claim and no call to Graph.
 */
export async function throughStack(cases: readonly Case[]): Promise<StackReport> {
  const byHash = new Map(cases.filter(isSendable).map((one) => [hashOf(one.body), one]));
  return onPassingStack(
    'fuzz',
    () => ({}),
    async (stack) => {
      const { connectionString } = stack.serviceBus;
      await withBus(connectionString, (client) => sendAll(client, [...byHash.values()]));
      const letters = await lettersOf(connectionString, byHash.size);
      return inspect(stack, byHash, letters);
    },
  );
}

async function withBus<T>(
  address: string,
  act: (client: ServiceBusClient) => Promise<T>,
): Promise<T> {
  const client = new ServiceBusClient(address);
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

const isSendable = ({ body, expected }: Case): boolean =>
  expected.kind === 'rejected' && body.length <= MOST_BYTES;

const hashOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

async function sendAll(client: ServiceBusClient, cases: Case[]): Promise<void> {
  const sender = client.createSender(QUEUE);
  let batch = await sender.createMessageBatch();
  for (const { body } of cases) {
    if (batch.tryAddMessage({ body })) continue;
    await sender.sendMessages(batch);
    batch = await sender.createMessageBatch();
    if (!batch.tryAddMessage({ body })) throw new Error(`no room for ${body.length} bytes`);
  }
  if (batch.count > 0) await sender.sendMessages(batch);
}

/** The dead letters once there are `count` of them; each message is delivered ten times before. */
async function lettersOf(address: string, count: number): Promise<ServiceBusReceivedMessage[]> {
  for (const until = Date.now() + 60_000 + 500 * count; ;) {
    const letters = await withBus(address, (client) => peekAll(client, count));
    if (letters.length >= count) return letters;
    if (Date.now() > until) throw new Error(`${letters.length} of ${count} messages were given up`);
    await wait(500);
  }
}

/** A client peeks on from where it last was, so each look needs a new one. */
async function peekAll(
  client: ServiceBusClient,
  count: number,
): Promise<ServiceBusReceivedMessage[]> {
  const options = { subQueueType: 'deadLetter', skipParsingBodyAsJson: true } as const;
  const receiver = client.createReceiver(QUEUE, options);
  const letters: ServiceBusReceivedMessage[] = [];
  for (;;) {
    const more = await receiver.peekMessages(count);
    letters.push(...more);
    if (more.length === 0) return letters;
  }
}

async function inspect(
  { storage, graph, log }: PassingStack,
  byHash: Map<string, Case>,
  letters: ServiceBusReceivedMessage[],
): Promise<StackReport> {
  const rows = await rowsOf(storage.connectionString, 'audit');
  const claims = await rowsOf(storage.connectionString, 'claims');
  const answer = await fetch(`${graph.url}/_control/requests`);
  const { value: calls } = (await answer.json()) as { value: unknown[] };
  const refused = new Map(rows.map((row) => [String(row['bodyHash']), String(row['reason'])]));
  const told = [...log, ...letters.map(whyOf), JSON.stringify(rows)].join('\n');
  const wrong = [...byHash].flatMap(([hash, one]) => [
    ...(isRowOf(one, refused.get(hash))
      ? []
      : [`${nameOf(one)}: row says ${refused.get(hash) ?? 'nothing'}`]),
    ...one.planted.filter((secret) => told.includes(secret)).map(() => `${nameOf(one)}: was told`),
  ]);
  return {
    ...{ bodies: byHash.size, deadLetters: letters.length, graphCalls: calls.length, wrong },
    rejectedRows: rows.filter((row) => row['kind'] === 'rejected').length,
    otherRows: rows.filter((row) => row['kind'] !== 'rejected').length + claims.length,
  };
}

const nameOf = ({ family, changes }: Case): string => [family, ...changes].join(', ');

const whyOf = ({
  deadLetterReason,
  deadLetterErrorDescription,
}: ServiceBusReceivedMessage): string =>
  `${deadLetterReason ?? ''} ${deadLetterErrorDescription ?? ''}`;

const isRowOf = ({ expected }: Case, reason: string | undefined): boolean =>
  expected.kind === 'rejected' && reason?.split(':')[0] === expected.reason;

async function rowsOf(storage: string, name: string): Promise<Record<string, unknown>[]> {
  const table = TableClient.fromConnectionString(storage, name, { allowInsecureConnection: true });
  const rows: Record<string, unknown>[] = [];
  for await (const row of table.listEntities()) rows.push(row);
  return rows;
}

/** Of all the cases that come by, so many that are refused, no two alike, as many of each family as of any other. */
export function sampleOf(size: number) {
  const byFamily = new Map<string, Map<string, Case>>();
  return {
    see: (one: Case): void => {
      const kept = byFamily.get(one.family) ?? new Map<string, Case>();
      if (kept.size < size && isSendable(one))
        byFamily.set(one.family, kept.set(hashOf(one.body), one));
    },
    /** In turn one of each family, until there are enough. */
    cases: (): Case[] => {
      const lists = [...byFamily.values()].map((kept) => [...kept.values()]);
      const inTurn = Array.from({ length: size }, (_, at) =>
        lists.flatMap((list) => list[at] ?? []),
      );
      const distinct = new Map(inTurn.flat().map((one) => [hashOf(one.body), one]));
      return [...distinct.values()].slice(0, size);
    },
  };
}
