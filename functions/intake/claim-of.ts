import { attributesRead, zoneFor } from '../../shared/domain/birthrights';
import type { Claim } from '../../shared/domain/claim';
import type { AcceptedEvent } from '../../shared/domain/read-event';
import { dueAt } from '../../shared/domain/time-zone';
import type { Parts } from '../parts';

/** How long a run may take before somebody looks whether it is still under way. */
const LOOK_AFTER_MS = 10 * 60_000;

/** The claim on an accepted event, watched over by the `due` table before it is made. */
export async function claimOf(
  { model, due }: Pick<Parts, 'model' | 'due'>,
  { event, eventHash, contentHash, bodyHash }: AcceptedEvent,
  now: string,
): Promise<Claim> {
  const { workerId, employmentId, sequence, startDate, endDate, attributes } = event.data;
  const accessModel = model().model;
  const timeZone = zoneFor(accessModel, event.data);
  const read = attributesRead(accessModel);
  const lookAt = new Date(Date.parse(now) + LOOK_AFTER_MS).toISOString();
  return {
    state: 'claimed',
    contentHash,
    attempt: 1,
    fact: {
      eventId: event.id,
      eventSource: event.source,
      eventType: event.type,
      bodyHash,
      workerId,
      employmentId,
      sequence,
      startDate,
      timeZone,
      dueAt: dueAt(startDate, timeZone, 0),
      occurredAt: event.time,
      receivedAt: now,
    },
    endDate,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => read.has(name))),
    due: await due.watch(eventHash, lookAt),
    updatedAt: now,
  };
}
