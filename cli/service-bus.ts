import {
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
  type ServiceBusSender,
} from '@azure/service-bus';
import type { ReplayMarks } from '../shared/domain/events/event';
import { bytesOfBody } from '../shared/domain/events/message-body';
import type { DeadLetter, ReplayQueue, Resend, ResendResult } from '../shared/events/replay';
import { StoreUnavailable } from '../shared/storage/storage-port';
import { ownCredential, type Connection } from './connection';
import { CliError } from './print';

/** A person waits: the client's own retries take minutes. */
const FEW_RETRIES = { retryOptions: { maxRetries: 1, retryDelayInMs: 500, timeoutInMs: 10_000 } };

/** Runs `act` with a client of the namespace, and closes it afterwards. */
export async function withClient<Value>(
  serviceBus: string,
  act: (client: ServiceBusClient) => Promise<Value>,
): Promise<Value> {
  const client = serviceBus.includes('=')
    ? new ServiceBusClient(serviceBus, FEW_RETRIES)
    : new ServiceBusClient(serviceBus, ownCredential(), FEW_RETRIES);
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

/** As `withClient`, for a command: a failure of Service Bus becomes a CliError. */
export async function withBus<Value>(
  { serviceBus }: Connection,
  act: (client: ServiceBusClient) => Promise<Value>,
): Promise<Value> {
  try {
    return await withClient(serviceBus, act);
  } catch (error) {
    if (error instanceof CliError || error instanceof StoreUnavailable) throw error;
    throw new CliError(busFailure(error));
  }
}

/** What went wrong at the bus, and what to do where that is known. */
export const busFailure = (error: unknown): string =>
  `Service Bus failed: ${textOf(error)}${isRefusal(error) ? LACKS_ROLE : ''}`;

const LACKS_ROLE =
  ' You lack a role for this: docs/permissions.md lists who may run which command.';

/** A sender's error is not always converted to one of the client, so its code has two spellings. */
export const isRefusal = (error: unknown): boolean =>
  /^Unauthorized/.test((lastOf(error) as { code?: string } | undefined)?.code ?? '');

/** The client collects what several tries said under an empty message. */
export const lastOf = (error: unknown): unknown =>
  error instanceof AggregateError ? error.errors.at(-1) : error;

function textOf(error: unknown): string {
  const last = lastOf(error);
  const text = last instanceof Error ? last.message : String(last);
  return text === '' ? 'it does not answer' : text;
}

const openDeadLetters = (client: ServiceBusClient, queue: string): ServiceBusReceiver =>
  client.createReceiver(queue, { subQueueType: 'deadLetter', skipParsingBodyAsJson: true });

/** Reads the oldest dead letters and removes none. One answer holds only so many, and the next call goes on from there. */
export async function peekDeadLetters(
  client: ServiceBusClient,
  queue: string,
  limit: number,
): Promise<DeadLetter[]> {
  const receiver = openDeadLetters(client, queue);
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < limit) {
    const more = await receiver.peekMessages(limit - messages.length);
    if (more.length === 0) break;
    messages.push(...more);
  }
  await receiver.close();
  return messages.map((message) => ({
    sequenceNumber: numberOf(message),
    enqueuedAt: message.enqueuedTimeUtc,
    body: bytesOf(message),
    bodyType: message._rawAmqpMessage.bodyType ?? 'data',
    reason: message.deadLetterReason,
    description: message.deadLetterErrorDescription,
  }));
}

/** The queue of the app as replays need it. */
export function replayQueue(client: ServiceBusClient, queue: string): ReplayQueue {
  const sender = client.createSender(queue);
  return {
    peek: (limit) => peekDeadLetters(client, queue, limit),
    resend: (chosen) => resend(client, queue, chosen),
    send: (body, marks) =>
      sendCopy(sender, { body, contentType: 'application/cloudevents+json' }, marks),
  };
}

const BATCH = 20;
/** An empty queue answers after so long. */
const LAST_WAIT_MS = 2000;

/**
 * Sends a copy of each chosen dead letter, waits until the queue has accepted it, and only then completes the dead
 * letter: a crash in between leaves a second copy, which is only counted, and never loses one. Dead letters cannot be
 * received by number, so those in between are locked and abandoned at the end.
 */
async function resend(
  client: ServiceBusClient,
  queue: string,
  chosen: ReadonlyMap<string, Resend>,
): Promise<Map<string, ResendResult>> {
  const receiver = openDeadLetters(client, queue);
  const sender = client.createSender(queue);
  const results = new Map<string, ResendResult>(
    [...chosen.keys()].map((key) => [key, 'not found']),
  );
  const others = new Map<string, ServiceBusReceivedMessage>();
  let missing = chosen.size;
  while (missing > 0) {
    const messages = await receiver.receiveMessages(BATCH, { maxWaitTimeInMs: LAST_WAIT_MS });
    const fresh = messages.filter((message) => !others.has(numberOf(message)));
    for (const message of messages) others.set(numberOf(message), message);
    // Nothing is left, or the locks of the first ones have expired and they come again.
    if (fresh.length === 0) break;
    for (const message of fresh) {
      const key = numberOf(message);
      const choice = chosen.get(key);
      if (!choice || results.get(key) !== 'not found') continue;
      if (choice.action === 'send') {
        await sendCopy(sender, { ...message, body: bytesOf(message) }, choice.marks);
      }
      // One settlement after another: the AMQP library may send two at once as one, under the first one's outcome.
      const isSettled = await settle(receiver.completeMessage(message));
      const done = choice.action === 'send' ? 'replayed' : 'completed';
      results.set(key, isSettled ? done : 'sent, but still a dead letter');
      others.delete(key);
      missing -= 1;
    }
  }
  for (const message of others.values()) await settle(receiver.abandonMessage(message));
  return results;
}

/** Sends bytes as a replay, without the properties that belong to the dead letter alone. */
async function sendCopy(
  sender: ServiceBusSender,
  original: { body: Uint8Array } & Partial<
    Pick<
      ServiceBusReceivedMessage,
      'contentType' | 'subject' | 'correlationId' | 'applicationProperties'
    >
  >,
  { id, reason, by }: ReplayMarks,
): Promise<void> {
  const { contentType, subject, correlationId } = original;
  const kept = Object.entries(original.applicationProperties ?? {}).filter(
    ([name]) => !name.startsWith('DeadLetter'),
  );
  const copy: ServiceBusMessage = {
    body: original.body,
    ...(contentType !== undefined && { contentType }),
    ...(subject !== undefined && { subject }),
    ...(correlationId !== undefined && { correlationId }),
    // A new id: under the old one, duplicate detection would drop the copy and still report it as accepted.
    ...(id !== undefined && { messageId: id }),
    applicationProperties: {
      ...Object.fromEntries(kept),
      ...(id !== undefined && { replayid: id }),
      ...(reason !== undefined && { replayreason: reason }),
      ...(by !== undefined && { replayedby: by }),
    },
  };
  await sender.sendMessages(copy);
}

const bytesOf = ({ body, _rawAmqpMessage: raw }: ServiceBusReceivedMessage): Uint8Array =>
  bytesOfBody(body, raw.bodyType);

/** The sequence number names a message for as long as it is in its queue. */
const numberOf = ({ sequenceNumber }: ServiceBusReceivedMessage): string =>
  String(sequenceNumber ?? '');

/** Whether it was settled. An expired lock is no error: the dead letter is there again. */
const settle = (settlement: Promise<void>): Promise<boolean> =>
  settlement.then(
    () => true,
    () => false,
  );
