import { randomUUID } from 'node:crypto';
import {
  content,
  endOfValue,
  entriesOf,
  isNull,
  itemsOf,
  list,
  malformed,
  map,
  NULL,
  section,
  string,
  time,
  timestamp,
  truth,
  unsigned,
} from './values';

/** The header fields that a sender sets; `ttl` in milliseconds. */
export type Header = {
  durable?: boolean;
  priority?: number;
  ttl?: number;
  firstAcquirer?: boolean;
};

/**
 * The content of a sent message: header fields, message annotations (values encoded) and the bare message (properties,
 * application properties, body, footer), which is stored byte for byte.
 */
export type Content = { header: Header; annotations: Map<string, Buffer>; bare: Buffer };

const SCHEDULED_ENQUEUE_TIME = 'x-opt-scheduled-enqueue-time';

/** Annotations that only the broker writes: a sender's values are dropped. */
const BROKER_ANNOTATIONS = new Set([
  'x-opt-sequence-number',
  'x-opt-enqueue-sequence-number',
  'x-opt-enqueued-time',
  'x-opt-locked-until',
  'x-opt-lock-token',
  'x-opt-message-state',
  'x-opt-deadletter-source',
]);

/**
 * Splits an encoded message. Adds a message id if it has none, because the JavaScript SDK cannot settle a message without
 * one. Throws a Refusal `amqp:decode-error`.
 */
export function contentOf(message: Buffer): Content {
  const sections = sectionsOf(message);
  const header = sections.find(({ descriptor }) => descriptor === HEADER);
  const annotations = sections.find(({ descriptor }) => descriptor === MESSAGE_ANNOTATIONS);
  const bareStart = sections.find(({ descriptor }) => descriptor >= PROPERTIES)?.start;
  return {
    header: header ? headerOf(itemsOf(header.value)) : {},
    annotations: new Map(
      [...(annotations ? entriesOf(annotations.value) : [])].filter(
        ([key]) => !BROKER_ANNOTATIONS.has(key),
      ),
    ),
    bare: withMessageId(message.subarray(bareStart ?? message.length), () =>
      randomUUID().replaceAll('-', ''),
    ),
  };
}

/** When a message becomes active, in milliseconds since 1970; undefined if it is not scheduled. */
export function scheduledTime({ annotations }: Content): number | undefined {
  return time(annotations.get(SCHEDULED_ENQUEUE_TIME));
}

function headerOf([durable, priority, ttl, firstAcquirer]: Buffer[]): Header {
  const fields = {
    durable: truth(durable),
    priority: unsigned(priority),
    ttl: unsigned(ttl),
    firstAcquirer: truth(firstAcquirer),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Section descriptors (OASIS AMQP 1.0, part 3, section 3.2). */
export const HEADER = 0x70;
export const MESSAGE_ANNOTATIONS = 0x72;
const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const DATA = 0x75;
export const VALUE = 0x77;

/** One section of an encoded message: where it starts and ends, and its encoded value. */
type Section = { descriptor: number; start: number; end: number; value: Buffer };

/** The sections of an encoded message, in order. Throws a Refusal `amqp:decode-error`. */
export function sectionsOf(message: Buffer): Section[] {
  const sections: Section[] = [];
  let start = 0;
  while (start < message.length) {
    if (message[start] !== 0x00) throw malformed('a section is expected');
    const valueAt = endOfValue(message, start + 1);
    const end = endOfValue(message, valueAt);
    const descriptor = unsigned(message.subarray(start + 1, valueAt)) ?? 0;
    sections.push({ descriptor, start, end, value: message.subarray(valueAt, end) });
    start = end;
  }
  return sections;
}

/** The encoded messages in the envelope of a batch (message format 0x80013700): one data section each. */
export function messagesOfBatch(envelope: Buffer): Buffer[] {
  return sectionsOf(envelope)
    .filter(({ descriptor }) => descriptor === DATA)
    .map(({ value }) => content(value));
}

/** A bare message with application properties (values encoded) added or replaced; all other bytes are unchanged. */
export function withApplicationProperties(bare: Buffer, additions: Map<string, Buffer>): Buffer {
  if (additions.size === 0) return bare;
  const sections = sectionsOf(bare);
  const found = sections.find(({ descriptor }) => descriptor === APPLICATION_PROPERTIES);
  const entries = new Map([...(found ? entriesOf(found.value) : []), ...additions]);
  const pairs = [...entries].flatMap(([key, value]) => [string(key), value]);
  const properties = sections.find(({ descriptor }) => descriptor === PROPERTIES);
  const start = found?.start ?? properties?.end ?? 0;
  return Buffer.concat([
    bare.subarray(0, start),
    section(APPLICATION_PROPERTIES, map(pairs.length, pairs)),
    bare.subarray(found?.end ?? start),
  ]);
}

/** A bare message with a message id: its own, or else the given one. */
function withMessageId(bare: Buffer, messageId: () => string): Buffer {
  const { items, end } = propertiesOf(bare);
  const [own = NULL, ...others] = items;
  if (!isNull(own)) return bare;
  const properties = section(PROPERTIES, list([string(messageId()), ...others]));
  return Buffer.concat([properties, bare.subarray(end)]);
}

/** Milliseconds. The header has no room for a longer time to live. */
export const LONGEST_TTL = 2 ** 32 - 1;
/** The end of the year 9999, which is "never" in the SDKs. */
const NEVER = 253_402_300_799_999;

/**
 * A bare message whose creation and expiry times agree with its time to live: a later expiry of the sender is cut, and one
 * that the header cannot hold is added. The SDKs compute the time to live and the expiry from both.
 */
export function withExpiry(bare: Buffer, ttl: number, now: number): Buffer {
  const { items, end } = propertiesOf(bare);
  const [expiry, creation] = items.slice(EXPIRY_TIME, EXPIRY_TIME + 2).map(time);
  const created = creation ?? now;
  const agrees = expiry === undefined ? ttl <= LONGEST_TTL : expiry - created <= ttl;
  if (agrees || created + ttl > NEVER) return bare;
  const before = Array.from({ length: EXPIRY_TIME }, (_, at) => items[at] ?? NULL);
  const times = [timestamp(created + ttl), timestamp(created)];
  const fields = [...before, ...times, ...items.slice(EXPIRY_TIME + 2)];
  return Buffer.concat([section(PROPERTIES, list(fields)), bare.subarray(end)]);
}

/** The position of absolute-expiry-time in the properties; creation-time follows it. */
const EXPIRY_TIME = 8;

/** The fields of the properties, encoded, and where that section ends. */
function propertiesOf(bare: Buffer): { items: Buffer[]; end: number } {
  const found = sectionsOf(bare).find(({ descriptor }) => descriptor === PROPERTIES);
  return { items: found ? itemsOf(found.value) : [], end: found?.end ?? 0 };
}

/** A bare message without its body sections. */
export function withoutBody(bare: Buffer): Buffer {
  const kept = sectionsOf(bare).filter(({ descriptor }) => descriptor < DATA || descriptor > VALUE);
  return Buffer.concat(kept.map(({ start, end }) => bare.subarray(start, end)));
}
