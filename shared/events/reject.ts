import type { RejectedMessage } from '../domain/events/read-event';
import type { Log } from '../log';
import type { Ledger } from '../storage/audit';
import { writerColumns, type RowWriter } from './audit-context';

type Rejection = Pick<RejectedMessage, 'bodyHash' | 'eventHash' | 'field' | 'rule'> & {
  reason: string;
  eventId?: string;
  eventSource?: string;
  eventType?: string;
  workerId?: string;
};

/** The message is refused for good: Service Bus redelivers it up to its limit and then dead-letters the original. */
export class MessageRejected extends Error {
  override name = 'MessageRejected';
}

/**
 * Records a refused message once, by the hash of its body, logs the broken rule, and throws. Row, log and error contain
 * nothing that the sender wrote, except a valid id and an allowed source.
 */
export async function rejectMessage(
  services: RowWriter & { ledger: Pick<Ledger, 'reject'> },
  { reason, field, rule, ...identity }: Rejection,
  now: string,
  log: Log,
): Promise<never> {
  const { bodyHash, eventHash, eventId, eventSource, eventType, workerId } = identity;
  const entry = {
    ...writerColumns(services),
    ...{ bodyHash, eventHash, eventId, eventSource, eventType, workerId },
    attempt: 1,
    kind: 'rejected',
    state: 'rejected',
    outcome: 'rejected',
    reason: field === undefined ? reason : `${reason}: ${field}`,
    receivedAt: now,
  } as const;
  await services.ledger.reject(entry, now);
  log({ what: 'rejected', bodyHash, eventHash, reason, field, rule });
  throw new MessageRejected(reason);
}
