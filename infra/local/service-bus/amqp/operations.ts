import { types, type Typed } from 'rhea';
import { z } from 'zod';
import { entriesOf, isNull } from '../codec/decode';
import { contentOf } from '../codec/message-content';
import { encodeReceived } from '../codec/received-message';
import { VALUE, sectionsOf } from '../codec/sections';
import { deleteOldest, peek, receiveDeferred } from '../queue/browse';
import { cancelScheduled, enqueue } from '../queue/enqueue';
import { renewLocks } from '../queue/lock';
import type { Queue } from '../queue/queue';
import { deadLetterProperties, settle, type Outcome, type Properties } from '../queue/settle';
import { notAllowed, tooLarge, unsupported } from '../refusal';
import { swapGuidBytes } from './guid';
import type { Request } from './request';
import { MAX_MESSAGE_SIZE } from './terminus';

/** Answers a request with the body of its reply, or undefined for "no content". Throws Refusals. */
type Operation = (queue: Queue, request: Request) => object | undefined;

const LONG = 0x81;
const TIMESTAMP = 0x83;

const bytes = z.instanceof(Buffer);
// rhea reads an AMQP long that a JavaScript number cannot hold exactly as its 8 bytes.
const long = z.union([z.number(), bytes.transform((raw) => Number(raw.readBigInt64BE()))]);
const tokens = z.array(bytes.transform((uuid) => swapGuidBytes(uuid).toString('hex')));
const numbers = z.array(long);
const Renewal = z.object({ 'lock-tokens': tokens });
const Peek = z.object({
  'from-sequence-number': long,
  'message-count': z.int().min(1),
  'omit-message-body': z.boolean().optional(),
});
const Schedule = z.object({ messages: z.array(z.object({ message: bytes })) });
const Cancellation = z.object({ 'sequence-numbers': numbers });
const DeferredReceive = z.object({
  'sequence-numbers': numbers,
  'receiver-settle-mode': z.number().default(1),
});
const Disposition = z.object({
  'disposition-status': z.enum(['completed', 'abandoned', 'suspended', 'defered', 'deferred']),
  'lock-tokens': tokens,
  'deadletter-reason': z.string().optional(),
  'deadletter-description': z.string().optional(),
});
const Deletion = z.object({
  'message-count': z.int().min(1),
  'enqueued-time-utc': z.date().optional(),
});

/**
 * The operations of `$management` by their names without `com.microsoft:`
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response).
 */
export const OPERATIONS = new Map<string, Operation>([
  ['renew-lock', renewLock],
  ['peek-message', peekMessages],
  ['schedule-message', scheduleMessages],
  ['cancel-scheduled-message', cancelScheduledMessages],
  ['receive-by-sequence-number', receiveBySequenceNumber],
  ['update-disposition', updateDisposition],
  ['batch-delete-messages', batchDeleteMessages],
]);

function renewLock(queue: Queue, request: Request): object {
  const ends = renewLocks(queue, bodyOf(request, Renewal)['lock-tokens']);
  return { expirations: arrayOf(ends, TIMESTAMP) };
}

function peekMessages(queue: Queue, request: Request): object | undefined {
  const asked = bodyOf(request, Peek);
  const found = peek(queue, asked['from-sequence-number'], asked['message-count']);
  if (found.length === 0) return undefined;
  const omitBody = asked['omit-message-body'];
  return { messages: found.map((message) => ({ message: encodeReceived(message, omitBody) })) };
}

function scheduleMessages(queue: Queue, request: Request): object {
  const messages = bodyOf(request, Schedule).messages.map(({ message }) => message);
  const tooLong = messages.find(({ length }) => length > MAX_MESSAGE_SIZE);
  if (tooLong) throw tooLarge(tooLong.length, MAX_MESSAGE_SIZE);
  return { 'sequence-numbers': arrayOf(enqueue(queue, messages.map(contentOf)), LONG) };
}

function cancelScheduledMessages(queue: Queue, request: Request): object {
  cancelScheduled(queue, bodyOf(request, Cancellation)['sequence-numbers']);
  return {};
}

function receiveBySequenceNumber(queue: Queue, request: Request): object {
  const asked = bodyOf(request, DeferredReceive);
  const remove = asked['receiver-settle-mode'] === 0;
  const owner = request.property('associated-link-name') ?? '$management';
  const found = receiveDeferred(queue, asked['sequence-numbers'], owner, remove);
  return {
    messages: found.map((message) => ({
      message: encodeReceived(message),
      ...(message.lock && { 'lock-token': uuidOf(message.lock.token) }),
    })),
  };
}

function updateDisposition(queue: Queue, request: Request): object {
  const asked = bodyOf(request, Disposition);
  const outcome = outcomeOf(asked, propertiesToModify(request));
  for (const token of asked['lock-tokens']) settle(queue, token, outcome);
  return {};
}

function batchDeleteMessages(queue: Queue, request: Request): object | undefined {
  const asked = bodyOf(request, Deletion);
  const before = asked['enqueued-time-utc']?.getTime() ?? Infinity;
  const deleted = deleteOldest(queue, asked['message-count'], before);
  return deleted === 0 ? undefined : { 'message-count': types.wrap_int(deleted) };
}

function outcomeOf(asked: z.infer<typeof Disposition>, modified: Properties): Outcome {
  switch (asked['disposition-status']) {
    case 'completed':
      return { kind: 'complete' };
    case 'abandoned':
      return { kind: 'abandon', properties: modified };
    case 'suspended': {
      const reason = asked['deadletter-reason'];
      const why = deadLetterProperties(reason, asked['deadletter-description']);
      return { kind: 'deadLetter', properties: new Map([...modified, ...why]) };
    }
    default:
      return { kind: 'defer', properties: modified };
  }
}

/** The values of `properties-to-modify` as they were encoded, so that no type is lost. */
function propertiesToModify({ bytes: message }: Request): Properties {
  const body = sectionsOf(message).find(({ descriptor }) => descriptor === VALUE);
  const map = body && entriesOf(body.value).get('properties-to-modify');
  return map && !isNull(map) ? entriesOf(map) : new Map<string, Buffer>();
}

function bodyOf<T>({ body, operation }: Request, schema: z.ZodType<T>): T {
  if (body !== null && typeof body === 'object' && 'session-id' in body) {
    throw unsupported('sessions');
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw notAllowed(`The body of ${operation} is not usable: ${z.prettifyError(parsed.error)}`);
}

function uuidOf(token: string): Typed {
  return types.wrap_uuid(swapGuidBytes(Buffer.from(token, 'hex')));
}

function arrayOf(values: number[], type: number): Typed {
  return types.wrap_array(values, type, undefined);
}
