import { string } from '../codec/encode';
import { withApplicationProperties } from '../codec/sections';
import { notAllowed } from '../refusal';
import { lockedMessage } from './lock';
import type { Message } from './message';
import { commit, type Queue } from './queue';

/** Application properties to write into a message, their values encoded. */
export type Properties = Map<string, Buffer>;

/** What a receiver decided about a message that it holds. */
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
      giveBack(queue, message);
      break;
    case 'abandon':
      giveBackCounted(queue, message, outcome.properties);
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

/** Unlocks a message that its receiver never saw or gave back untouched: not a delivery. */
export function giveBack(queue: Queue, message: Message): void {
  const { sequenceNumber: at, state, deliveryCount } = message;
  commit(queue, { do: 'unlock', at, state, deliveryCount });
}

/** Unlocks a message after a delivery that came to nothing; the last one that is allowed dead-letters it. */
export function giveBackCounted(queue: Queue, message: Message, properties: Properties): void {
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

/** What the time to live does to a message: dead-lettered if the queue says so, otherwise gone. */
export function expire(queue: Queue, message: Message): void {
  if (queue.settings.deadLetterOnExpiry) {
    const description = 'The message expired and was dead lettered.';
    const why = deadLetterProperties('TTLExpiredException', description);
    deadLetter(queue, message, message.deliveryCount, why);
  } else {
    commit(queue, { do: 'remove', at: message.sequenceNumber });
  }
}

/** The application properties that say why a message is a dead letter. */
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

// A dead-letter queue does not count deliveries: nothing ends there by itself.
function countedUp({ deadLetters }: Queue, { deliveryCount }: Message): number {
  return deadLetters ? deliveryCount + 1 : deliveryCount;
}

function changedBare({ bare }: Message, properties: Properties): { bare?: Buffer } {
  return properties.size === 0 ? {} : { bare: withApplicationProperties(bare, properties) };
}
