import { createHash } from 'node:crypto';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { onTemporaryStack, type TemporaryStack } from '../../../infra/local/stack/temporary-stack';
import { eventually } from '../../support/eventually';
import { QUEUE } from '../../support/events';
import { graphCalls } from '../../support/simulator';
import { readTable } from '../../support/tables';
import type { Case } from './mutation';

/** The largest body that fits into a message on the bus. */
const MAX_BYTES = 200_000;

export type StackReport = {
  bodies: number;
  deadLetters: number;
  rejectedRows: number;
  otherRows: number;
  graphCalls: number;
  wrong: string[];
};

/**
 * Sends invalid bodies through bus, host and intake of a local stack (`npm run build` first), waits until all are dead
 * letters, and reads what they left: it must be one rejected row each, no claim and no call to Graph.
 */
export async function throughStack(cases: readonly Case[]): Promise<StackReport> {
  const byHash = new Map(cases.filter(isSendable).map((one) => [hashOf(one.body), one]));
  return onTemporaryStack(
    'fuzz',
    () => ({}),
    async (stack) => {
      const { connectionString } = stack.serviceBus;
      await withBus(connectionString, (client) => sendAll(client, [...byHash.values()]));
      const deadLetters = await deadLettersOf(connectionString, byHash.size);
      return inspect(stack, byHash, deadLetters);
    },
  );
}

async function withBus<T>(
  address: string,
  use: (client: ServiceBusClient) => Promise<T>,
): Promise<T> {
  const client = new ServiceBusClient(address);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const isSendable = ({ body, expected }: Case): boolean =>
  expected.kind === 'rejected' && body.length <= MAX_BYTES;

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

/** Waits for `count` dead letters; each message is delivered ten times before. */
const deadLettersOf = (address: string, count: number): Promise<ServiceBusReceivedMessage[]> =>
  eventually(
    `${count} dead letters`,
    async () => {
      const found = await withBus(address, (client) => peekAll(client, count));
      return found.length >= count && found;
    },
    { seconds: 60 + count / 2, everyMs: 500 },
  );

/** A client continues behind the messages that it has peeked at, so each check needs a new one. */
async function peekAll(
  client: ServiceBusClient,
  count: number,
): Promise<ServiceBusReceivedMessage[]> {
  const options = { subQueueType: 'deadLetter', skipParsingBodyAsJson: true } as const;
  const receiver = client.createReceiver(QUEUE, options);
  const deadLetters: ServiceBusReceivedMessage[] = [];
  for (;;) {
    const more = await receiver.peekMessages(count);
    deadLetters.push(...more);
    if (more.length === 0) return deadLetters;
  }
}

async function inspect(
  { storage, graph, log }: TemporaryStack,
  byHash: Map<string, Case>,
  deadLetters: ServiceBusReceivedMessage[],
): Promise<StackReport> {
  const rows = await readTable(storage.connectionString, 'audit');
  const claims = await readTable(storage.connectionString, 'claims');
  const calls = await graphCalls(graph.url);
  const refused = new Map(rows.map((row) => [String(row['bodyHash']), String(row['reason'])]));
  const texts = [...log, ...deadLetters.map(whyOf), JSON.stringify(rows)].join('\n');
  const wrong = [...byHash].flatMap(([hash, one]) => [
    ...(isRowOf(one, refused.get(hash))
      ? []
      : [`${nameOf(one)}: row says ${refused.get(hash) ?? 'nothing'}`]),
    ...one.planted
      .filter((secret) => texts.includes(secret))
      .map(() => `${nameOf(one)}: its text was repeated`),
  ]);
  return {
    ...{ bodies: byHash.size, deadLetters: deadLetters.length, graphCalls: calls.length, wrong },
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

/** Collects up to `size` distinct rejected cases, as many of each family as of any other. */
export function sampleOf(size: number) {
  const byFamily = new Map<string, Map<string, Case>>();
  return {
    add: (one: Case): void => {
      const kept = byFamily.get(one.family) ?? new Map<string, Case>();
      if (kept.size < size && isSendable(one))
        byFamily.set(one.family, kept.set(hashOf(one.body), one));
    },
    /** One of each family in turn, until there are enough. */
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
