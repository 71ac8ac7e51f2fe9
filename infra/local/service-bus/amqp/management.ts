import { type Receiver, type Sender, type Typed, types } from 'rhea';
import { z } from 'zod';
import { contentOf, sectionsOf, VALUE } from '../codec/message';
import { entriesOf, isNull } from '../codec/values';
import type { Journal } from '../journal';
import { cancelScheduled, enqueue } from '../queue/enqueue';
import type { Queue } from '../queue/queue';
import { deleteOldest, peek, receiveDeferred } from '../queue/receive';
import {
  deadLetterProperties,
  type Outcome,
  type Properties,
  renewLocks,
  settle,
} from '../queue/settle';
import { notAllowed, tooLarge, unsupported } from '../refusal';
import { MAX_MESSAGE_SIZE, refusalFrom } from './answer';
import { encodeReceived } from './received-message';
import { type Reply, replyOfRefusal, type Request, takeRequests } from './request';

const PREFIX = 'com.microsoft:';

/** Serves `<queue>/$management`; an answer goes out when the change that it reports is on disk. */
export function serveManagement(
  receiver: Receiver,
  queue: Queue,
  replyLinks: Map<string, Sender>,
  journal: Journal,
): void {
  const spelling = { status: 'statusCode', description: 'statusDescription' };
  takeRequests(receiver, replyLinks, spelling, (request, reply) => {
    const answer = answerTo(queue, request);
    journal.whenDurable(() => reply(answer));
  });
}

function answerTo(queue: Queue, request: Request): Reply {
  try {
    const name = request.operation.replace(PREFIX, '');
    const operation = OPERATIONS.get(name);
    if (!operation) throw unsupported(`the management operation "${request.operation}"`);
    const body = operation(queue, request);
    if (!body) return { status: 204, description: 'No Content' };
    return { status: 200, description: 'OK', body };
  } catch (error) {
    return replyOfRefusal(refusalFrom(error));
  }
}

/** Answers a request with the body of its reply, or undefined for "no content". Throws Refusals. */
type Operation = (queue: Queue, request: Request) => object | undefined;

const LONG = 0x81;
const TIMESTAMP = 0x83;

const bytes = z.instanceof(Buffer);
// rhea reads an AMQP long outside the safe integers as its 8 bytes.
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
const OPERATIONS = new Map<string, Operation>([
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
  const asked = bodyWithoutSession(request, Peek);
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
  const asked = bodyWithoutSession(request, DeferredReceive);
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
  // The SDK names the session id of a message also where the queue has no sessions: the lock token decides.
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

/** The values of `properties-to-modify`, still encoded, so that no type is lost. */
function propertiesToModify({ bytes: message }: Request): Properties {
  const body = sectionsOf(message).find(({ descriptor }) => descriptor === VALUE);
  const map = body && entriesOf(body.value).get('properties-to-modify');
  return map && !isNull(map) ? entriesOf(map) : new Map<string, Buffer>();
}

/** The body of a request about messages that a session may own. Here only queues without sessions exist. */
function bodyWithoutSession<T>(request: Request, schema: z.ZodType<T>): T {
  const { body } = request;
  if (body !== null && typeof body === 'object' && 'session-id' in body) {
    throw unsupported('sessions');
  }
  return bodyOf(request, schema);
}

function bodyOf<T>({ body, operation }: Request, schema: z.ZodType<T>): T {
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

/**
 * Lock tokens travel as delivery tags in .NET's Guid byte order and over `$management` as uuids in RFC 4122 order; the
 * two differ in the first three fields. The conversion is its own inverse.
 */
function swapGuidBytes(guid: Buffer): Buffer {
  const swapped = Buffer.from(guid);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped;
}
