import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { TypedData } from '../app/worker-types';

/**
 * A message's body for a function: bytes for `dataType: 'binary'`, else text, which the library parses if it
 * is JSON. Throws for a body that is not made of data sections, as the .NET host does.
 */
export function bodyData(message: ServiceBusReceivedMessage, binary: boolean): TypedData {
  const { bodyType } = message._rawAmqpMessage;
  if (bodyType !== undefined && bodyType !== 'data') {
    throw new Error(`The message has an AMQP ${bodyType} body; only data bodies reach a function.`);
  }
  const bytes = asBytes(message.body);
  return binary ? { bytes } : { string: bytes.toString('utf8') };
}

/** Data sections arrive as bytes, several of them as a list. */
function asBytes(body: unknown): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (Array.isArray(body)) return Buffer.concat(body.map(asBytes));
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? null));
}

const NEVER = new Date('9999-12-31T23:59:59.999Z');

/** The trigger metadata of the Service Bus extension, without absent members. */
export function messageMetadata(message: ServiceBusReceivedMessage): Record<string, TypedData> {
  const enqueued = message.enqueuedTimeUtc ?? new Date();
  const expires = message.expiresAtUtc ?? NEVER;
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
