import { eventHash } from '../events/keys';
import type { DataOf, LifecycleEvent } from '../events/lifecycle-event';
import type { AccessModel } from '../access-model/access-model';
import type { Attributes } from '../events/event';
import { dueAt, timeOfDay, toUtc } from '../events/time';
import type { Content, Fact, Revision, StoredFact } from './facts';
import { keepAttributes, zoneFor } from './plan';

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
function correctedContent(data: DataOf<'hr.worker.corrected.v1'>): Content {
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

/** The fact as it is stored: see keepAttributes. The attributes of all spans are one set of names. */
export function keepFact(model: AccessModel, fact: Fact): Omit<StoredFact, 'acceptedAt'> {
  const dropped = new Set<string>();
  const kept = (all: Attributes): Attributes => {
    const { attributes, unstored = [] } = keepAttributes(model, all);
    for (const name of unstored) dropped.add(name);
    return attributes;
  };
  const reduced = (content: Content): Content => {
    if ('attributes' in content) return { ...content, attributes: kept(content.attributes) };
    if (content.kind !== 'snapshot') return content;
    const spans = content.spans.map((span) => ({ ...span, attributes: kept(span.attributes) }));
    return { ...content, spans };
  };
  const statesOnly = ({ states }: Fact): Fact['states'] => {
    if (states.kind === 'rescinded') return states;
    if (states.kind !== 'corrected') return reduced(states);
    return { ...states, content: reduced(states.content) };
  };
  const states = statesOnly(fact);
  return { ...fact, states, ...(dropped.size > 0 && { unstored: [...dropped].sort() }) };
}

/**
 * Whether `given` has stored of the same event what `known` has, and more: the model has come to declare more since. A value
 * that was dropped is never stored over.
 */
export function isMoreComplete(
  given: { unstored?: string[] | undefined },
  known: { unstored?: string[] | undefined },
): boolean {
  const [now, before] = [given.unstored ?? [], new Set(known.unstored)];
  return now.length < before.size && now.every((name) => before.has(name));
}

/** Each set of attributes that an event states, and where it is in its data. A snapshot has several. */
export function attributesIn(
  fact: Pick<Fact, 'states'>,
): { path: string[]; attributes: Attributes }[] {
  const content = contentOf(fact);
  if (content?.kind === 'snapshot')
    return content.spans.map(({ attributes }, at) => ({ path: ['spans', `${at}`], attributes }));
  return content && 'attributes' in content ? [{ path: [], attributes: content.attributes }] : [];
}

/** What a fact states of a worker; undefined if it only voids another. */
export const contentOf = ({ states }: Pick<Fact, 'states'>): Content | undefined => {
  if (states.kind === 'corrected') return states.content;
  return states.kind === 'rescinded' ? undefined : states;
};

/**
 * When something is to be done, as far as the fact says by itself (ISO 8601, UTC): `actAt` is the instant at which what it
 * states begins, for somebody who joins `leadDays` earlier; `readyBy` the time of its first day by which access should be
 * there. Without `actAt` it acts at once, or the employment that it ends decides.
 */
export function datesOf(
  fact: Pick<Fact, 'states' | 'timeZone'>,
  model: AccessModel,
): { startDate?: string; timeZone?: string; actAt?: string; readyBy?: string } {
  const content = contentOf(fact);
  const { timeZone: stated } = fact;
  if (content && 'attributes' in content) {
    const timeZone = zoneFor(model, { timeZone: stated, attributes: content.attributes });
    const day = content.kind === 'joined' ? content.startDate : content.effectiveDate;
    const readyBy = timeOfDay(day, model.readyAt, timeZone);
    const starts = content.kind === 'joined' ? { startDate: day } : {};
    const leadDays = content.kind === 'joined' ? model.leadDays : 0;
    return { ...starts, timeZone, actAt: dueAt(day, timeZone, leadDays), readyBy };
  }
  const zone = stated === undefined ? {} : { timeZone: stated };
  if (content?.kind !== 'left') return zone;
  if ('endsAt' in content) return { ...zone, actAt: content.endsAt };
  return { ...zone, ...(stated && { actAt: dueAt(content.lastDay, stated, -1) }) };
}
