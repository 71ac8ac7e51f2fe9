import { randomFillSync } from 'node:crypto';
import { withApplicationProperties } from '../codec/message';
import { string } from '../codec/values';
import { lockLost, notAllowed } from '../refusal';
import { commit, type Lock, type Message, type Queue } from './queue';

/** Application properties to write into a message; values encoded. */
export type Properties = Map<string, Buffer>;

/** How a receiver settles a message that it has locked. */
export type Outcome =
  | { kind: 'complete' | 'release' }
  | { kind: 'abandon' | 'defer' | 'deadLetter'; properties: Properties };

/**
 * Settles a locked message. Throws Refusals: `com.microsoft:message-lock-lost`, and `amqp:not-allowed` for dead-lettering
 * a dead letter.
 */
export function settle(queue: Queue, token: string, outcome: Outcome): void {
  const message = lockedMessage(queue, token);
  switch (outcome.kind) {
    case 'complete':
      commit(queue, { do: 'remove', at: message.sequenceNumber });
      break;
    case 'release':
      release(queue, message);
      break;
    case 'abandon':
      abandon(queue, message, outcome.properties);
      break;
    case 'defer':
      defer(queue, message, outcome.properties);
      break;
    case 'deadLetter':
      if (!queue.deadLetters) throw notAllowed('A dead letter cannot be dead-lettered again.');
      deadLetter(queue, message, message.deliveryCount, outcome.properties);
      break;
  }
}

/** Unlocks a message that its receiver never got or released: not counted as a delivery. */
export function release(queue: Queue, message: Message): void {
  const { sequenceNumber: at, state, deliveryCount } = message;
  commit(queue, { do: 'unlock', at, state, deliveryCount });
}

/** Unlocks a message after a failed delivery; dead-letters it after the last allowed one. */
export function abandon(queue: Queue, message: Message, properties: Properties): void {
  const deliveryCount = countedUp(queue, message);
  const { maxDeliveryCount } = queue.settings;
  if (queue.deadLetters && deliveryCount >= maxDeliveryCount) {
    const description = `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`;
    const why = deadLetterProperties('MaxDeliveryCountExceeded', description);
    deadLetter(queue, message, deliveryCount, new Map([...properties, ...why]));
    return;
  }
  const { sequenceNumber: at, state } = message;
  commit(queue, { do: 'unlock', at, state, deliveryCount, ...changedBare(message, properties) });
}

/** Ends a message whose time to live is over: dead-letters it if the queue is configured so, otherwise removes it. */
export function expire(queue: Queue, message: Message): void {
  if (queue.settings.deadLetterOnExpiry) {
    const description = 'The message expired and was dead lettered.';
    const why = deadLetterProperties('TTLExpiredException', description);
    deadLetter(queue, message, message.deliveryCount, why);
  } else {
    commit(queue, { do: 'remove', at: message.sequenceNumber });
  }
}

/** The application properties with the reason of a dead letter. */
export function deadLetterProperties(reason?: string, description?: string): Properties {
  const properties: Properties = new Map();
  if (reason !== undefined) properties.set('DeadLetterReason', string(reason));
  if (description !== undefined) {
    properties.set('DeadLetterErrorDescription', string(description));
  }
  return properties;
}

function defer(queue: Queue, message: Message, properties: Properties): void {
  commit(queue, {
    do: 'unlock',
    at: message.sequenceNumber,
    state: 'deferred',
    deliveryCount: countedUp(queue, message),
    ...changedBare(message, properties),
  });
}

function deadLetter(
  queue: Queue,
  message: Message,
  deliveryCount: number,
  properties: Properties,
): void {
  const bare = withApplicationProperties(message.bare, properties);
  commit(queue, { do: 'deadLetter', at: message.sequenceNumber, deliveryCount, bare });
}

// A dead-letter queue does not count deliveries.
function countedUp({ deadLetters }: Queue, { deliveryCount }: Message): number {
  return deadLetters ? deliveryCount + 1 : deliveryCount;
}

function changedBare({ bare }: Message, properties: Properties): { bare?: Buffer } {
  return properties.size === 0 ? {} : { bare: withApplicationProperties(bare, properties) };
}

const TOKEN_BYTES = 16;
const pool = Buffer.alloc(TOKEN_BYTES * 512);
let poolAt = pool.length;

/** Locks a message for a receiver and for the queue's lock duration. */
export function grantLock(queue: Queue, message: Message, owner: string): void {
  const until = Date.now() + queue.settings.lockDuration;
  commit(queue, {
    do: 'lock',
    at: message.sequenceNumber,
    lock: { token: newToken(), until, owner },
  });
}

/** The message of a lock token. Throws the Refusal `com.microsoft:message-lock-lost`. */
function lockedMessage(queue: Queue, token: string): Message {
  return heldBy(queue, token).message;
}

/** Extends locks by the queue's lock duration from now and returns their new ends; extends none if one is lost. */
export function renewLocks(queue: Queue, tokens: string[]): number[] {
  const until = Date.now() + queue.settings.lockDuration;
  const renewed = tokens.map((token) => {
    const { message, lock } = heldBy(queue, token);
    return { do: 'lock' as const, at: message.sequenceNumber, lock: { ...lock, until } };
  });
  commit(queue, ...renewed);
  return renewed.map(() => until);
}

function heldBy(queue: Queue, token: string): { message: Message; lock: Lock } {
  const message = queue.locked.get(token);
  const lock = message?.lock;
  if (!lock || lock.until <= Date.now()) throw lockLost();
  return { message, lock };
}

// One system call for 16 random bytes per delivery would cost more than the rest of a lock.
function newToken(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  poolAt += TOKEN_BYTES;
  return pool.toString('hex', poolAt - TOKEN_BYTES, poolAt);
}
