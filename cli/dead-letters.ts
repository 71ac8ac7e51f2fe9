import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { bodyHash } from '../shared/domain/keys';
import { readEvent } from '../shared/domain/read-event';
import { withBus, type Connection } from './connection';
import { print, tableOf } from './print';

/** Lists what is in the dead-letter queue without taking anything out of it. Bodies are not shown: they are HR's. */
export async function deadLetters(
  connection: Connection,
  options: { limit: number; json: boolean },
): Promise<void> {
  const messages = await withBus(connection, (client) => {
    const only = { subQueueType: 'deadLetter', skipParsingBodyAsJson: true } as const;
    return peekAll(client.createReceiver(connection.queue, only), options.limit);
  });
  const letters = messages.map((message) => letterOf(message, connection.sources));
  print(letters, options.json, () =>
    tableOf(
      ['sequence', 'enqueued', 'event', 'problem', 'dead-lettered for', 'body hash'],
      letters.map((letter) => [
        letter.sequenceNumber,
        letter.enqueuedAt,
        letter.eventId,
        letter.problem,
        letter.deadLetterReason,
        letter.bodyHash.slice(0, 12),
      ]),
    ),
  );
}

/** One look shows as many as fit into one answer; the next goes on behind them. */
async function peekAll(
  receiver: ServiceBusReceiver,
  limit: number,
): Promise<ServiceBusReceivedMessage[]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < limit) {
    const more = await receiver.peekMessages(limit - messages.length);
    if (more.length === 0) break;
    messages.push(...more);
  }
  return messages;
}

function letterOf(message: ServiceBusReceivedMessage, sources: string[]) {
  const body: unknown = message.body;
  const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body ?? null));
  const event = readEvent(bytes, { sources });
  return {
    sequenceNumber: message.sequenceNumber?.toString(),
    enqueuedAt: message.enqueuedTimeUtc?.toISOString(),
    eventId: event.kind === 'accepted' ? event.event.id : event.eventId,
    problem: event.kind === 'rejected' ? event.reason : undefined,
    deadLetterReason: message.deadLetterReason,
    deadLetterErrorDescription: message.deadLetterErrorDescription,
    bodyHash: bodyHash(bytes),
  };
}
