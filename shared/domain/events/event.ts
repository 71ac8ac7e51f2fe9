import { z } from 'zod';
import { isDate, isDateTime, isTimeZone } from './time';

export const MAX_ATTRIBUTES = 32;

/** Attributes are stored as JSON text in one column of 32,768 characters; only escapes reach that. */
export const MAX_JSON = 32_000;

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
export const Id = z.string({ error: ID_RULE }).regex(ID, { error: ID_RULE }).meta({ id: 'id' });

/**
 * Sources of events that the app makes itself: for the clock, for a person who asks to check somebody again, and for a run of
 * reconciliation, which is about nobody alone.
 */
export const CLOCK = 'urn:joinery:clock';
export const RECHECK = 'urn:joinery:recheck';
export const RECONCILE = 'urn:joinery:reconcile';
const OWN_SOURCES: readonly string[] = [CLOCK, RECHECK, RECONCILE];

/** Whether a source is reserved for events of the app: no message on the queue may have it. */
export const isReserved = (source: string): boolean => source.startsWith('urn:joinery:');

/** The id of an event of HR, or of one that the app made: `<worker id>@<what for>`. No event of HR has an `@`. */
export const EventId = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,64}(@[A-Za-z0-9._:-]{1,64})?$/, { error: ID_RULE });

/** Among which sources an event of this id is looked for. */
export const sourcesOf = (id: string, sources: readonly string[]): readonly string[] =>
  id.includes('@') ? OWN_SOURCES : sources;

const DATE_RULE = 'a calendar date yyyy-mm-dd of the years 0001 to 9999';
export const CalendarDate = text(DATE_RULE, isDate).meta({
  id: 'date',
  format: 'date',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
});
const TIME_RULE = 'an RFC 3339 time with seconds and offset, of the years 0001 to 9999 in UTC';
export const Time = text(TIME_RULE, isDateTime).meta({
  id: 'time',
  format: 'date-time',
});
const ZONE_RULE = 'a time zone name of the IANA database';
export const TimeZone = text(ZONE_RULE, isTimeZone);

const SOURCE_RULE = 'an absolute URI of at most 256 characters';
export const Source = text(SOURCE_RULE, (value) => value.length <= 256 && URI.test(value)).meta({
  id: 'source',
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
export const SpanAttributes = z
  .record(AttributeName, AttributeValue, { error: ATTRIBUTES })
  .refine((map) => Object.keys(map).length <= MAX_ATTRIBUTES, { error: ATTRIBUTES })
  .meta({
    id: 'attributes',
    description: 'What the access rules ask about.',
    maxProperties: MAX_ATTRIBUTES,
  });

/** The attributes of an event that has only these. */
export const BoundedAttributes = SpanAttributes.refine(
  (map) => JSON.stringify(map).length <= MAX_JSON,
  { error: `attributes of at most ${MAX_JSON} characters as JSON text` },
);

const SEQUENCE_RULE = 'a whole number from 0 to 9007199254740991';
export const Sequence = z
  .int({ error: SEQUENCE_RULE })
  .min(0, { error: SEQUENCE_RULE })
  .refine((value) => !Object.is(value, -0), { error: SEQUENCE_RULE });

const MEDIA_TYPE_RULE = 'a string of at most 256 characters';
export const MediaType = text(MEDIA_TYPE_RULE, (value) => within(value, 0, 256)).meta({
  maxLength: 256,
});

/** Values by name. The access model decides which names have a meaning. */
export const Attributes = z.record(z.string(), z.string());
export type Attributes = z.infer<typeof Attributes>;

/** Who sent the event again, and why. Members have the names of the CloudEvents extension attributes `replay…`. */
export const ReplayMarks = z.object({
  id: z.string().optional(),
  reason: z.string().optional(),
  by: z.string().optional(),
});
export type ReplayMarks = z.infer<typeof ReplayMarks>;
