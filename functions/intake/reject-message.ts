import type { RejectedMessage } from '../../shared/domain/events/read-event';
import type { Log } from '../../shared/log';
import { writerColumns } from '../../shared/events/audit-context';
import type { Services } from '../services';

type Rejection = Pick<RejectedMessage, 'bodyHash' | 'eventHash' | 'field' | 'rule'> & {
  reason: string;
  eventId?: string;
  eventSource?: string;
  eventType?: string;
  workerId?: string;
};

/** Marks a message as refused for good: the bus redelivers it to its bound and then dead-letters the original. */
export class MessageRejected extends Error {
  override name = 'MessageRejected';
}

/**
 * Records a refused message once, by the hash of its body, logs which rule it breaks, and throws. Neither row nor log nor
 * error says what the sender wrote, beyond an id and a source that keep the contract.
 */
export async function rejectMessage(
  services: Pick<Services, 'ledger' | 'model' | 'config' | 'appVersion'>,
  { reason, field, rule, ...named }: Rejection,
  now: string,
  log: Log,
): Promise<never> {
  const entry = {
    ...writerColumns(services),
    ...identityOf(named),
    attempt: 1,
    kind: 'rejected',
    state: 'rejected',
    outcome: 'rejected',
    reason: field === undefined ? reason : `${reason}: ${field}`,
    receivedAt: now,
  } as const;
  await services.ledger.reject(entry, now);
  const { bodyHash, eventHash } = named;
  log({ what: 'rejected', bodyHash, eventHash, reason, field, rule });
  throw new MessageRejected(reason);
}

/** Of all that a rejection may carry, what a row may say. */
const identityOf = (named: Omit<Rejection, 'reason' | 'field' | 'rule'>) => ({
  bodyHash: named.bodyHash,
  eventHash: named.eventHash,
  eventId: named.eventId,
  eventSource: named.eventSource,
  eventType: named.eventType,
  workerId: named.workerId,
});
