import { z } from 'zod';
import {
  BoundedAttributes,
  CalendarDate,
  Id,
  MAX_JSON,
  MediaType,
  Sequence,
  Source,
  SpanAttributes,
  Time,
  TimeZone,
} from './event';
import type { RejectionReason } from './rejection';
import { isDate } from './time';

const TYPES = [
  'hr.worker.joined.v1',
  'hr.worker.moved.v1',
  'hr.worker.left.v1',
  'hr.worker.corrected.v1',
  'hr.worker.rescinded.v1',
  'hr.worker.snapshot.v1',
] as const;
export const EventType = z.enum(TYPES, { error: `one of the types ${TYPES.join(', ')}` });
export type EventType = z.infer<typeof EventType>;

export const MAX_SPANS = 1000;

const DEFAULT_EMPLOYMENT = 'primary';

/** A rule about several members. It is checked beside the faults of others, which would hide it otherwise. */
const rule = (
  reason: RejectionReason,
  error: string,
  applies: (data: unknown) => boolean,
  path: string[] = [],
) => ({ error, path, params: { reason }, when: ({ value }: { value: unknown }) => applies(value) });

/** That the day `later` is not before the day `earlier`, of an object that has both. */
const notBefore = (later: string, earlier: string) => {
  const areDays = (data: unknown): boolean =>
    isObject(data) && isDate(memberOf(data, earlier)) && isDate(memberOf(data, later));
  return [
    (data: object) => memberOf(data, later) >= memberOf(data, earlier),
    rule('end-before-start', `a date on or after ${earlier}`, areDays, [later]),
  ] as const;
};
const memberOf = (data: object, name: string): string => {
  const value = (data as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
};

/** That exactly one of the members is there. */
const exactlyOne = (...names: string[]) =>
  [
    (data: object) => presentOf(data, names).length === 1,
    rule(
      'not-exactly-one',
      `exactly one of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`,
      isObject,
    ),
  ] as const;
/** The same for a JSON Schema, spelled out, because some readers of schemas need a type and properties beside `required`. */
const oneRequired = (...names: string[]) => ({
  oneOf: names.map((name) => ({ type: 'object', properties: { [name]: {} }, required: [name] })),
});
const presentOf = (data: object, names: readonly string[]): string[] =>
  names.filter((name) => (data as Record<string, unknown>)[name] !== undefined);
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The members of `data`, those of every type before and behind `own`. Members are in the order in which faults are reported. */
const dataOf = <Own extends z.ZodRawShape>(own: Own) =>
  z.object(
    {
      workerId: Id.meta({ description: 'The worker, as the directory knows them.' }),
      employmentId: Id.default(DEFAULT_EMPLOYMENT).meta({
        description: 'One of several employments of the worker.',
      }),
      sequence: Sequence.optional().meta({ description: 'Grows with each event of a worker.' }),
      ...own,
    },
    { error: 'an object' },
  );

const timeZone = TimeZone.optional().meta({
  description: "An IANA name; if absent, the access model's zone for the location.",
});
const startDate = CalendarDate.meta({ description: 'The first day of work, in the zone.' });
const effectiveDate = CalendarDate.meta({
  description: 'The first day on which the attributes hold, in the zone.',
});
const endDate = CalendarDate.optional().meta({
  description: 'The last day of work; not before the first one.',
});
const lastDay = CalendarDate.optional().meta({ description: 'The last day of work, in the zone.' });
const endsAt = Time.optional().meta({ description: 'The instant of an end at once.' });
const attributes = BoundedAttributes;
const previousWorkerId = Id.optional().meta({
  description: 'The number that the same person had before.',
});
const revises = z
  .object({ source: Source, id: Id }, { error: 'an object with source and id' })
  .meta({ id: 'revises', description: 'The event that is meant, by its source and id.' });

const Span = z
  .object(
    {
      employmentId: Id,
      from: CalendarDate.meta({ description: 'The first day, in the zone.' }),
      until: CalendarDate.optional().meta({ description: 'The last day, inclusive.' }),
      attributes: SpanAttributes,
    },
    { error: 'an object' },
  )
  .refine(...notBefore('until', 'from'));

const SPANS = `a list of at most ${MAX_SPANS} spans`;
const Spans = z
  .array(Span, { error: SPANS })
  .max(MAX_SPANS, { error: SPANS })
  .refine((spans) => JSON.stringify(spans.map((span) => span.attributes)).length <= MAX_JSON, {
    error: `attributes of at most ${MAX_JSON} characters as JSON text in all spans`,
  })
  .meta({
    id: 'spans',
    description: 'All employments of the worker, those that have ended included.',
  });

/** Which member says what a correction states. */
const CONTENT = ['startDate', 'effectiveDate', 'lastDay', 'endsAt', 'spans'] as const;

/** A start or a move that is corrected has attributes, as the event that it replaces. */
const statesAttributes = (data: unknown): boolean =>
  isObject(data) && presentOf(data, ['startDate', 'effectiveDate']).length > 0;

const Data = {
  'hr.worker.joined.v1': dataOf({ startDate, endDate, timeZone, attributes, previousWorkerId }) //
    .refine(...notBefore('endDate', 'startDate')),
  'hr.worker.moved.v1': dataOf({ effectiveDate, endDate, timeZone, attributes }) //
    .refine(...notBefore('endDate', 'effectiveDate')),
  'hr.worker.left.v1': dataOf({ lastDay, endsAt, timeZone }) //
    .refine(...exactlyOne('lastDay', 'endsAt'))
    .meta(oneRequired('lastDay', 'endsAt')),
  'hr.worker.corrected.v1': dataOf({
    revises,
    startDate: startDate.optional(),
    effectiveDate: effectiveDate.optional(),
    ...{ lastDay, endsAt, endDate, spans: Spans.optional(), timeZone },
    ...{ attributes: attributes.optional(), previousWorkerId },
  })
    .refine(...exactlyOne(...CONTENT))
    .refine(
      (data) => data.attributes !== undefined,
      rule('missing-member', 'the attributes of the event that it revises', statesAttributes, [
        'attributes',
      ]),
    )
    .refine(...notBefore('endDate', 'startDate'))
    .refine(...notBefore('endDate', 'effectiveDate'))
    .meta(oneRequired(...CONTENT)),
  'hr.worker.rescinded.v1': dataOf({
    revises: revises.optional(),
    startDate: startDate.optional(),
    timeZone,
  })
    .refine(...exactlyOne('revises', 'startDate'))
    .meta(oneRequired('revises', 'startDate')),
  'hr.worker.snapshot.v1': dataOf({ spans: Spans, timeZone, previousWorkerId }),
};

/**
 * The CloudEvents 1.0 envelope in the JSON format, which reads null as absent. Members are in the order in which faults are
 * reported. Unknown ones are dropped.
 */
const envelope = {
  specversion: z.literal('1.0', { error: 'the CloudEvents version 1.0' }),
  type: EventType,
  source: Source,
  id: Id,
  time: Time,
  subject: Id.nullish().meta({ description: 'If present, the same as data.workerId.' }),
  datacontenttype: MediaType.nullish(),
  replayid: Id.nullish(),
  replayreason: Id.nullish(),
  replayedby: Id.nullish(),
};

const messageOf = <Type extends EventType>(type: Type, data: (typeof Data)[Type]) =>
  z.object({ ...envelope, type: z.literal(type), data }).meta({ id: type });

const messages = [
  messageOf('hr.worker.joined.v1', Data['hr.worker.joined.v1']),
  messageOf('hr.worker.moved.v1', Data['hr.worker.moved.v1']),
  messageOf('hr.worker.left.v1', Data['hr.worker.left.v1']),
  messageOf('hr.worker.corrected.v1', Data['hr.worker.corrected.v1']),
  messageOf('hr.worker.rescinded.v1', Data['hr.worker.rescinded.v1']),
  messageOf('hr.worker.snapshot.v1', Data['hr.worker.snapshot.v1']),
] as const;

/** One event about a worker, of any type: a CloudEvents 1.0 envelope with the data of docs/event-contract.md. */
export const LifecycleEvent = z
  .discriminatedUnion('type', messages)
  .refine(({ subject, data }) => (subject ?? data.workerId) === data.workerId, {
    path: ['subject'],
    error: 'the same as data.workerId',
    params: { reason: 'subject-mismatch' satisfies RejectionReason },
  });
export type LifecycleEvent = z.infer<typeof LifecycleEvent>;
export type DataOf<Type extends EventType> = Extract<LifecycleEvent, { type: Type }>['data'];

/** What a message of no known type can be checked for. */
const Envelope = z.object(envelope);

/** Checks a message by its type. Every fault is among the issues, except those of the data of an unknown type. */
export const parseEvent = (message: object) => {
  const type = EventType.safeParse((message as { type?: unknown }).type);
  if (type.success) return LifecycleEvent.safeParse(message);
  const { error } = Envelope.safeParse(message);
  if (error === undefined) throw new Error('the type of the event is known after all');
  return { success: false, error } as const;
};

/**
 * Checks a message by its type as parseEvent does, for the first fault alone: spans behind a faulty one are left out, because
 * a fault costs much more than to read a span.
 */
export function parseToFirstFault(message: object) {
  const { data } = message as { data?: { spans?: unknown } | null };
  const spans = data?.spans;
  if (!Array.isArray(spans) || spans.length > MAX_SPANS) return parseEvent(message);
  const bad = spans.findIndex((span) => !Span.safeParse(span).success);
  if (bad < 0) return parseEvent(message);
  return parseEvent({ ...message, data: { ...data, spans: spans.slice(0, bad + 1) } });
}

/** The names of the members of a type: of the envelope, of `data`, and of the objects in `data`. */
export function membersOf(type: unknown) {
  const known = EventType.safeParse(type).data;
  return {
    envelope: [...Object.keys(envelope), 'data'],
    data: known && Object.keys(Data[known].shape),
    revises: Object.keys(revises.shape),
    span: Object.keys(Span.shape),
  };
}
