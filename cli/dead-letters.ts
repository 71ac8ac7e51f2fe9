import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { createLedgerReader, type LedgerReader } from '../shared/storage/audit';
import { readEvent } from '../shared/domain/events/read-event';
import { openLedger, withBus, type Connection } from './connection';
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
  const { audit, index } = openLedger(connection);
  const reader = createLedgerReader(audit, index);
  const letters: Awaited<ReturnType<typeof letterOf>>[] = [];
  for (const message of messages) letters.push(await letterOf(message, connection, reader));
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

async function letterOf(
  message: ServiceBusReceivedMessage,
  { sources }: Connection,
  reader: LedgerReader,
) {
  const bytes = bytesOf(message);
  const event = readEvent(bytes, { sources });
  return {
    sequenceNumber: numberOf(message),
    enqueuedAt: message.enqueuedTimeUtc?.toISOString(),
    eventId: event.kind === 'accepted' ? event.event.id : event.eventId,
    problem: event.kind === 'rejected' ? event.reason : await reader.refusalOf(event.bodyHash),
    deadLetterReason: message.deadLetterReason,
    deadLetterErrorDescription: message.deadLetterErrorDescription,
    bodyHash: event.bodyHash,
  };
}
