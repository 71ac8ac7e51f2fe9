import { deadLetterReport } from '../shared/reports/dead-letters';
import { openAudit, type Connection } from './connection';
import { print, tableOf } from './print';
import { peekDeadLetters, withBus } from './service-bus';

/** Lists dead letters. Bodies are not printed: they are HR's. */
export async function deadLetters(
  connection: Connection,
  options: { limit: number; json: boolean },
): Promise<void> {
  const peeked = await withBus(connection, (client) =>
    peekDeadLetters(client, connection.queue, options.limit),
  );
  const lines = await deadLetterReport(peeked, openAudit(connection), connection.sources);
  print({ deadLetters: lines }, options.json, () =>
    tableOf(
      ['sequence', 'enqueued', 'event', 'problem', 'dead-lettered for', 'body hash'],
      lines.map((line) => [
        line.sequenceNumber,
        line.enqueuedAt,
        line.eventId,
        line.problem,
        line.deadLetterReason,
        line.bodyHash.slice(0, 12),
      ]),
    ),
  );
}
