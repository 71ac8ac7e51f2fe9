import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { bodyHash } from '../shared/domain/keys';
import { readEvent } from '../shared/domain/read-event';
import { withBus, type Connection } from './connection';
import { bytesOf, numberOf, openLetters, peekLetters } from './letters';
import { print, tableOf } from './print';

/** Lists what is in the dead-letter queue without taking anything out of it. Bodies are not shown: they are HR's. */
export async function deadLetters(
  connection: Connection,
  options: { limit: number; json: boolean },
): Promise<void> {
  const messages = await withBus(connection, (client) =>
    peekLetters(openLetters(client, connection.queue), options.limit),
  );
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

function letterOf(message: ServiceBusReceivedMessage, sources: string[]) {
  const bytes = bytesOf(message);
  const event = readEvent(bytes, { sources });
  return {
    sequenceNumber: numberOf(message),
    enqueuedAt: message.enqueuedTimeUtc?.toISOString(),
    eventId: event.kind === 'accepted' ? event.event.id : event.eventId,
    problem: event.kind === 'rejected' ? event.reason : undefined,
    deadLetterReason: message.deadLetterReason,
    deadLetterErrorDescription: message.deadLetterErrorDescription,
    bodyHash: bodyHash(bytes),
  };
}
