/**
 * An error answer: the AMQP condition and text for the client, and the HTTP-like status of the management protocol
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response).
 */
export class Refusal extends Error {
  readonly condition: string;
  readonly status: number;

  constructor(condition: string, description: string, status: number) {
    super(description);
    this.condition = condition;
    this.status = status;
  }
}

export function lockLost(): Refusal {
  return new Refusal(
    'com.microsoft:message-lock-lost',
    'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.',
    410,
  );
}

export function messageNotFound(what: string): Refusal {
  return new Refusal('com.microsoft:message-not-found', what, 404);
}

/** The text of Azure, by which the SDKs recognise a missing entity; `uri` is its address with the namespace. */
export function entityNotFound(uri: string): Refusal {
  return new Refusal(
    'amqp:not-found',
    `The messaging entity '${uri}' could not be found. The local Service Bus has the queues of its Config.json only.`,
    404,
  );
}

export function notAllowed(why: string): Refusal {
  return new Refusal('amqp:not-allowed', why, 400);
}

export function tooLarge(size: number, limit: number): Refusal {
  return new Refusal(
    'amqp:link:message-size-exceeded',
    `The message is ${size} bytes, over the limit of ${limit} bytes.`,
    413,
  );
}

export function queueFull(path: string, limit: number): Refusal {
  return new Refusal(
    'amqp:resource-limit-exceeded',
    `The queue '${path}' has reached its limit of ${limit} bytes; receive or delete messages first.`,
    403,
  );
}

export function unauthorized(why: string): Refusal {
  return new Refusal('amqp:unauthorized-access', why, 401);
}

export function unsupported(feature: string): Refusal {
  return new Refusal(
    'amqp:not-implemented',
    `The local Service Bus does not support ${feature}; use the official emulator or a namespace in Azure for it.`,
    501,
  );
}
