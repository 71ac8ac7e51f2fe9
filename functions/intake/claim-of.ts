import { attributesRead, zoneFor } from '../../shared/domain/lifecycle/birthrights';
import type { Claim } from '../../shared/domain/workflow/claim';
import type { ReplayMarks } from '../../shared/domain/events/event';
import type { AcceptedEvent } from '../../shared/domain/events/read-event';
import { replayKey } from '../../shared/domain/workflow/replay';
import { dueAt } from '../../shared/domain/events/time-zone';
import type { Services } from '../services';

/** One delivery of a message: when it came (ISO 8601), and what tells its rows from those of another at that moment. */
export type Delivery = { now: string; owner: string };

/** The claim on an accepted event, watched over by the `due` table before it is made. `marks`: what calls it a replay. */
export async function claimOf(
  { model, due, config }: Pick<Services, 'model' | 'due' | 'config'>,
  { event, eventHash, contentHash, bodyHash }: AcceptedEvent,
  marks: ReplayMarks | undefined,
  { now, owner }: Delivery,
): Promise<Claim> {
  const { workerId, employmentId, sequence, startDate, endDate, attributes } = event.data;
  const accessModel = model().model;
  const timeZone = zoneFor(accessModel, event.data);
  const read = attributesRead(accessModel);
  const lookAt = new Date(Date.parse(now) + config.supervise.lookAfterSeconds * 1000);
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
    due: await due.watch(eventHash, lookAt.toISOString(), owner),
    ...(marks && { replay: marks, replays: [replayKey(marks)] }),
    updatedAt: now,
  };
}
