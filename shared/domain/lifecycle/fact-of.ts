import { eventHash } from '../events/keys';
import type { LifecycleEvent } from '../events/lifecycle-event';
import { toUtc } from '../events/time';
import type { Content, Fact, Revision } from './facts';

type DataOf<T extends string> = Extract<LifecycleEvent, { type: `hr.worker.${T}.v1` }>['data'];

/** The fact that an event states, in the form that the planner reads. */
export function factOf(event: LifecycleEvent): Fact {
  const { source, id, data } = event;
  return {
    ...{ source, id, hash: eventHash(source, id), time: toUtc(event.time) },
    ...{ workerId: data.workerId, employmentId: data.employmentId },
    ...{ sequence: data.sequence, timeZone: data.timeZone },
    ...('previousWorkerId' in data && { previousWorkerId: data.previousWorkerId }),
    states: statesOf(event),
  };
}

function statesOf({ type, data }: LifecycleEvent): Content | Revision {
  switch (type) {
    case 'hr.worker.joined.v1': {
      const { startDate, endDate, attributes } = data;
      return { kind: 'joined', startDate, endDate, attributes };
    }
    case 'hr.worker.moved.v1': {
      const { effectiveDate, endDate, attributes } = data;
      return { kind: 'moved', effectiveDate, endDate, attributes };
    }
    case 'hr.worker.left.v1':
      return leftOf(data);
    case 'hr.worker.snapshot.v1':
      return { kind: 'snapshot', spans: data.spans };
    case 'hr.worker.rescinded.v1': {
      const { revises, startDate } = data;
      return revises === undefined
        ? { kind: 'rescinded', startDate: startDate ?? '' }
        : { kind: 'rescinded', revises };
    }
    case 'hr.worker.corrected.v1':
      return { kind: 'corrected', revises: data.revises, content: correctedContent(data) };
  }
}

/** The schema lets exactly one kind of content through. */
function correctedContent(data: DataOf<'corrected'>): Content {
  const { startDate, effectiveDate, endDate, spans, attributes = {} } = data;
  if (startDate !== undefined) return { kind: 'joined', startDate, endDate, attributes };
  if (effectiveDate !== undefined) return { kind: 'moved', effectiveDate, endDate, attributes };
  return spans === undefined ? leftOf(data) : { kind: 'snapshot', spans };
}

function leftOf({
  lastDay,
  endsAt,
}: {
  lastDay?: string | undefined;
  endsAt?: string | undefined;
}) {
  return endsAt === undefined
    ? ({ kind: 'left', lastDay: lastDay ?? '' } as const)
    : ({ kind: 'left', endsAt: toUtc(endsAt) } as const);
}
