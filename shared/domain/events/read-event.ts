import { Id, isReserved, MAX_ATTRIBUTES, type ReplayMarks } from './event';
import { bodyHash, eventHash, jsonHash } from './keys';
import { MAX_SPANS, parseToFirstFault, type LifecycleEvent } from './lifecycle-event';
import { readJson, type JsonFault, type Keep } from './raw-json';
import { faultOf, fieldOf, type Fault, type RejectionReason } from './rejection';
import { toUtc } from './time';

/** An event that meets the contract. `replay` is present if the message is marked as a replay. */
export type AcceptedEvent = {
  kind: 'accepted';
  /** Defaults applied, times in UTC, no replay marks and no member that the contract does not name. */
  event: LifecycleEvent;
  eventHash: string;
  /** Hash of the event without its replay marks. The same `eventHash` with another content hash is another event. */
  contentHash: string;
  bodyHash: string;
  replay?: ReplayMarks;
};

/** A message that breaks the contract. Of its content it keeps at most a valid id and an allowed source. */
export type RejectedMessage = Fault & {
  kind: 'rejected';
  bodyHash: string;
  eventHash?: string;
  eventId?: string;
  eventSource?: string;
};

export const MAX_BYTES = 65_536;
export const MAX_DEPTH = 8;

const scalar: Keep = {};
/** One more than allowed is enough to refuse them. */
const MORE_ATTRIBUTES = MAX_ATTRIBUTES + 1;
const keep: Keep = {
  specversion: scalar,
  type: scalar,
  source: scalar,
  id: scalar,
  time: scalar,
  subject: scalar,
  datacontenttype: scalar,
  replayid: scalar,
  replayreason: scalar,
  replayedby: scalar,
  data: {
    workerId: scalar,
    employmentId: scalar,
    sequence: scalar,
    revises: { source: scalar, id: scalar },
    startDate: scalar,
    effectiveDate: scalar,
    lastDay: scalar,
    endsAt: scalar,
    endDate: scalar,
    spans: [
      { employmentId: scalar, from: scalar, until: scalar, attributes: MORE_ATTRIBUTES },
      MAX_SPANS + 1,
    ],
    timeZone: scalar,
    attributes: MORE_ATTRIBUTES,
    previousWorkerId: scalar,
  },
};

export const NOT_LISTED: Fault = {
  reason: 'source-not-listed',
  field: 'source',
  rule: 'one of the sources in the setting EVENT_SOURCES',
};

export const rawRules: Record<JsonFault['reason'], string> = {
  'not-json': 'one JSON document (RFC 8259) and nothing after it',
  'too-deep': `at most ${MAX_DEPTH} objects and arrays inside one another`,
  'duplicate-key': 'no key twice in one object',
  'forbidden-key': 'no key __proto__, constructor or prototype',
  'lone-surrogate': 'no half of a surrogate pair',
};

/**
 * Validates the bytes of a message against the event contract (docs/event-contract.md) and the allowed `sources`. Never
 * throws; the same bytes always get the same result.
 */
export function readEvent(
  body: Uint8Array,
  rules: { sources: readonly string[] },
): AcceptedEvent | RejectedMessage {
  const read = readBody(body);
  const reject = (fault: Fault): RejectedMessage => ({
    kind: 'rejected',
    ...fault,
    bodyHash: bodyHash(body),
    ...(read.kind === 'value' && identityOf(read.value, rules.sources)),
  });
  if (read.kind === 'fault') return reject(read.fault);
  const parsed = parseToFirstFault(read.value);
  if (!parsed.success) return reject(faultOf(parsed.error, read.value));
  const { source } = parsed.data;
  if (isReserved(source) || !rules.sources.includes(source)) return reject(NOT_LISTED);
  return accept(parsed.data, bodyHash(body));
}

function accept(message: LifecycleEvent, hash: string): AcceptedEvent {
  const event = eventOf(message);
  const replay = replayOf(message);
  return {
    kind: 'accepted',
    event,
    eventHash: eventHash(event.source, event.id),
    contentHash: jsonHash(event),
    bodyHash: hash,
    ...(replay && { replay }),
  };
}

type BodyReading = { kind: 'value'; value: object } | { kind: 'fault'; fault: Fault };

function readBody(body: Uint8Array): BodyReading {
  if (body.length === 0) return fault('empty', 'a body');
  if (body.length > MAX_BYTES) return fault('too-large', `at most ${MAX_BYTES} bytes`);
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    return fault('byte-order-mark', 'UTF-8 without a byte order mark');
  }
  const text = decode(body);
  if (text === undefined) return fault('not-utf8', 'UTF-8');
  const read = readJson(text, MAX_DEPTH, keep);
  if (read.kind === 'fault') {
    const field = fieldOf(read.fault.path);
    return fault(read.fault.reason, rawRules[read.fault.reason], field);
  }
  const { value } = read;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { kind: 'value', value }
    : fault('not-an-object', 'one JSON object');
}

function decode(body: Uint8Array): string | undefined {
  // UTF-16 and UTF-32 without a mark are valid UTF-8 full of zero bytes, which JSON text never has.
  if (body.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

function fault(reason: RejectionReason, rule: string, field = ''): BodyReading {
  return { kind: 'fault', fault: { reason, rule, ...(field !== '' && { field }) } };
}

/** Id and source of a refused message, where they are valid. */
function identityOf(message: object, sources: readonly string[]): Partial<RejectedMessage> {
  const { id, source } = message as { id?: unknown; source?: unknown };
  const valid = Id.safeParse(id);
  const listed = sources.find((known) => known === source);
  if (!valid.success || listed === undefined) return {};
  return { eventHash: eventHash(listed, valid.data), eventId: valid.data, eventSource: listed };
}

function eventOf(message: LifecycleEvent): LifecycleEvent {
  const { specversion, type, source, id, time, data } = message;
  const instants = 'endsAt' in data && data.endsAt ? { endsAt: toUtc(data.endsAt) } : {};
  const common = { specversion, source, id, time: toUtc(time) };
  // The type and its data belong together: they come from one message.
  return { ...common, type, data: { ...data, ...instants } } as LifecycleEvent;
}

function replayOf(message: LifecycleEvent): ReplayMarks | undefined {
  const { replayid: id, replayreason: reason, replayedby: by } = message;
  const marks = { ...(id && { id }), ...(reason && { reason }), ...(by && { by }) };
  return Object.keys(marks).length === 0 ? undefined : marks;
}
