import type { BodyType } from '../domain/events/message-body';
import { readEvent } from '../domain/events/read-event';
import { readOperatorRequest } from '../domain/events/operator-request';
import type { DeadLetter } from '../events/replay';
import type { LedgerReader } from '../storage/audit';

/** A dead letter without its body, which has personal data. `problem` is why the app refuses it, if it does. */
export type DeadLetterLine = {
  sequenceNumber: string;
  enqueuedAt: string | undefined;
  eventId: string | undefined;
  problem: string | undefined;
  deadLetterReason: string | undefined;
  deadLetterErrorDescription: string | undefined;
  bodyHash: string;
  /** The AMQP body type that it was sent with. */
  bodyType: BodyType;
};

export async function deadLetterReport(
  deadLetters: readonly DeadLetter[],
  audit: Pick<LedgerReader, 'refusalOf'>,
  sources: readonly string[],
): Promise<DeadLetterLine[]> {
  const lines: DeadLetterLine[] = [];
  for (const deadLetter of deadLetters) {
    const { sequenceNumber, enqueuedAt, body, bodyType, reason, description } = deadLetter;
    const event = readOperatorRequest(body, { sources }) ?? readEvent(body, { sources });
    lines.push({
      sequenceNumber,
      enqueuedAt: enqueuedAt?.toISOString(),
      eventId: 'event' in event ? event.event.id : event.eventId,
      problem: 'reason' in event ? event.reason : await audit.refusalOf(event.bodyHash),
      deadLetterReason: reason,
      deadLetterErrorDescription: description,
      bodyHash: event.bodyHash,
      bodyType,
    });
  }
  return lines;
}
