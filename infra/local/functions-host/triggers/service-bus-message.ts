import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { TypedData } from '../app/worker-types';

/**
 * A message's body for a function: bytes for `dataType: 'binary'`, else text, which the library parses if it is JSON. For
 * text, throws on a body that the extension cannot bind to a string. For bytes, a text is its UTF-8 bytes, and any other
 * AMQP value or sequence its JSON text.
 */
export function bodyData(message: ServiceBusReceivedMessage, binary: boolean): TypedData {
  const { bodyType = 'data' } = message._rawAmqpMessage;
  const { body } = message as { body: unknown };
  if (!binary && bodyType !== 'data' && typeof body !== 'string') {
    throw new Error(`A message with an AMQP ${bodyType} body cannot be bound to a string.`);
  }
  const bytes = asBytes(body, bodyType);
  return binary ? { bytes } : { string: bytes.toString('utf8') };
}

/** Data sections arrive as bytes, several of them as a list. */
function asBytes(body: unknown, bodyType: string): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (bodyType === 'data' && Array.isArray(body)) {
    return Buffer.concat(body.map((section) => asBytes(section, bodyType)));
  }
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(jsonForm(body)));
}

/** AMQP types that JSON has no form for become objects that name them. */
function jsonForm(value: unknown): unknown {
  if (value === undefined) return null;
  if (Object.is(value, -0)) return { $number: '-0' };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(jsonForm);
  if (value instanceof Date) return { $timestamp: value.getTime() };
  if (value instanceof Uint8Array) return { $binary: Buffer.from(value).toString('base64') };
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    return { $described: jsonForm((value as { value?: unknown }).value) };
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonForm(each)]));
}

/** The largest .NET date. The JavaScript client says a later one of a message that never expires. */
const NEVER = Date.parse('9999-12-31T23:59:59.999Z');

/** The trigger metadata of the Service Bus extension, without absent members. */
export function messageMetadata(message: ServiceBusReceivedMessage): Record<string, TypedData> {
  const enqueued = message.enqueuedTimeUtc ?? new Date();
  const expires = new Date(Math.min(message.expiresAtUtc?.getTime() ?? Infinity, NEVER));
  const properties = message.applicationProperties ?? {};
  const strings = {
    LockToken: message.lockToken,
    MessageId: message.messageId,
    ContentType: message.contentType,
    ReplyTo: message.replyTo,
    To: message.to,
    Subject: message.subject,
    Label: message.subject,
    CorrelationId: message.correlationId,
    SessionId: message.sessionId,
    ReplyToSessionId: message.replyToSessionId,
    PartitionKey: message.partitionKey,
    DeadLetterSource: message.deadLetterSource,
  };
  const values = {
    // .NET counts the current delivery, AMQP the ones before it
    DeliveryCount: (message.deliveryCount ?? 0) + 1,
    SequenceNumber: Number(message.sequenceNumber ?? 0),
    EnqueuedTimeUtc: enqueued,
    EnqueuedTime: enqueued,
    ExpiresAtUtc: expires,
    ExpiresAt: expires,
    ApplicationProperties: properties,
    UserProperties: properties,
  };
  return {
    ...data(strings, (value) => ({ string: String(value) })),
    ...data(values, (value) => ({ json: JSON.stringify(value) })),
  };
}

function data(
  values: Record<string, unknown>,
  convert: (value: unknown) => TypedData,
): Record<string, TypedData> {
  const present = Object.entries(values).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return Object.fromEntries(present.map(([name, value]) => [name, convert(value)]));
}
