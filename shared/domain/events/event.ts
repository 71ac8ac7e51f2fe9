import { z } from 'zod';
import type { RejectionReason } from './rejection';
import { isDate, isDateTime, isTimeZone } from './time';

export const MAX_ATTRIBUTES = 32;

/** Attributes are stored as JSON text in one column of 32,768 characters; only escapes reach that. */
export const MAX_JSON = 32_000;

const JSON_RULE = `attributes of at most ${MAX_JSON} characters as JSON text`;
const ATTRIBUTES = `a map of at most ${MAX_ATTRIBUTES} attributes`;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/;

/** A string for which `holds` returns true; `rule` is the error text and never contains the value. */
const text = (rule: string, holds: (value: string) => boolean) =>
  z.string({ error: rule }).refine(holds, { error: rule });

/** Counts characters as JSON Schema does, not UTF-16 code units. */
const within = (value: string, least: number, most: number): boolean => {
  const length = value.length > 2 * most ? value.length : Array.from(value).length;
  return length >= least && length <= most;
};

const ID_RULE = '1 to 64 of A-Z a-z 0-9 . _ : -';
const ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** The charset of every id that a sender chooses: safe in keys, URLs and logs. */
export const Id = z.string({ error: ID_RULE }).regex(ID, { error: ID_RULE });

const DATE_RULE = 'a calendar date yyyy-mm-dd of the years 0001 to 9999';
export const CalendarDate = text(DATE_RULE, isDate).meta({
  format: 'date',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
});
const TIME_RULE = 'an RFC 3339 time with seconds and offset, of the years 0001 to 9999 in UTC';
export const Time = text(TIME_RULE, isDateTime).meta({ format: 'date-time' });
const ZONE_RULE = 'a time zone name of the IANA database';
export const TimeZone = text(ZONE_RULE, isTimeZone);

const SOURCE_RULE = 'an absolute URI of at most 256 characters';
export const Source = text(SOURCE_RULE, (value) => value.length <= 256 && URI.test(value)).meta({
  format: 'uri',
  pattern: URI.source,
  maxLength: 256,
});

const KEY_RULE = 'attribute names of 1 to 64 characters';
const VALUE_RULE = 'attribute values that are strings of at most 256 characters';
const AttributeName = text(KEY_RULE, (name) => within(name, 1, 64)).meta({
  minLength: 1,
  maxLength: 64,
});
const AttributeValue = text(VALUE_RULE, (value) => within(value, 0, 256)).meta({ maxLength: 256 });

/** The worker's attributes: an open map. Only the rules of the access model give them a meaning. */
export const BoundedAttributes = z
  .record(AttributeName, AttributeValue, { error: ATTRIBUTES })
  .refine((map) => Object.keys(map).length <= MAX_ATTRIBUTES, { error: ATTRIBUTES })
  .refine((map) => JSON.stringify(map).length <= MAX_JSON, { error: JSON_RULE })
  .meta({ description: 'What the access rules ask about.', maxProperties: MAX_ATTRIBUTES });

const SEQUENCE_RULE = 'a whole number from 0 to 9007199254740991';
export const Sequence = z
  .int({ error: SEQUENCE_RULE })
  .min(0, { error: SEQUENCE_RULE })
  .refine((value) => !Object.is(value, -0), { error: SEQUENCE_RULE });

const MEDIA_TYPE_RULE = 'a string of at most 256 characters';
export const MediaType = text(MEDIA_TYPE_RULE, (value) => within(value, 0, 256)).meta({
  maxLength: 256,
});

export const JOINED = 'hr.worker.joined.v1';
export const DEFAULT_EMPLOYMENT = 'primary';

const Period = z.object({ startDate: CalendarDate, endDate: CalendarDate.optional() });
const areDates = (value: unknown): boolean => Period.safeParse(value).success;

const JoinedData = z
  .object(
    {
      workerId: Id.meta({ description: 'The worker, as the directory knows them.' }),
      employmentId: Id.optional().meta({
        description: `One of several employments of the worker; "${DEFAULT_EMPLOYMENT}" if absent.`,
      }),
      sequence: Sequence.optional().meta({ description: 'Grows with each event of a worker.' }),
      startDate: CalendarDate.meta({ description: 'The first day of work, in the zone.' }),
      endDate: CalendarDate.optional().meta({
        description: 'The last day of work; not before startDate.',
      }),
      timeZone: TimeZone.optional().meta({
        description: "An IANA name; if absent, the access model's zone for the location.",
      }),
      attributes: BoundedAttributes,
    },
    { error: 'an object' },
  )
  .refine((data) => data.endDate === undefined || data.endDate >= data.startDate, {
    path: ['endDate'],
    error: 'a date on or after startDate',
    // Without this, a fault of another member would hide this one.
    when: ({ value }) => areDates(value),
    params: { reason: 'end-before-start' satisfies RejectionReason },
  });

/**
 * The message as it is sent: a CloudEvents 1.0 envelope in the JSON format, which reads null as absent. Members are in
 * the order in which faults are reported. Unknown ones are dropped.
 */
export const JoinedMessage = z
  .object({
    specversion: z.literal('1.0', { error: 'the CloudEvents version 1.0' }),
    type: z.literal(JOINED, { error: `the type ${JOINED}` }),
    source: Source,
    id: Id,
    time: Time,
    subject: Id.nullish().meta({ description: 'If present, the same as data.workerId.' }),
    datacontenttype: MediaType.nullish(),
    replayid: Id.nullish(),
    replayreason: Id.nullish(),
    replayedby: Id.nullish(),
    data: JoinedData,
  })
  .refine(({ subject, data }) => (subject ?? data.workerId) === data.workerId, {
    path: ['subject'],
    error: 'the same as data.workerId',
    params: { reason: 'subject-mismatch' satisfies RejectionReason },
  });
export type JoinedMessage = z.infer<typeof JoinedMessage>;

/** Values by name. The access model decides which names have a meaning. */
export const Attributes = z.record(z.string(), z.string());
export type Attributes = z.infer<typeof Attributes>;

/**
 * An accepted event: defaults applied, `time` in UTC, no replay marks and no member that the contract does not
 * name.
 */
export const ProvisioningEvent = z.object({
  specversion: z.literal('1.0'),
  type: z.literal(JOINED),
  source: z.string(),
  id: z.string(),
  time: z.string(),
  data: z.object({
    workerId: z.string(),
    employmentId: z.string(),
    sequence: z.number().int().optional(),
    startDate: z.string(),
    endDate: z.string().optional(),
    timeZone: z.string().optional(),
    attributes: Attributes,
  }),
});
export type ProvisioningEvent = z.infer<typeof ProvisioningEvent>;

/** Who sent the event again, and why. Members have the names of the CloudEvents extension attributes `replay…`. */
export const ReplayMarks = z.object({
  id: z.string().optional(),
  reason: z.string().optional(),
  by: z.string().optional(),
});
export type ReplayMarks = z.infer<typeof ReplayMarks>;
