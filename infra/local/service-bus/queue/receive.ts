import { messageNotFound } from '../refusal';
import { pop } from './heap';
import {
  type Change,
  commit,
  type Consumer,
  expiryOf,
  type Message,
  numbersOf,
  type Queue,
} from './queue';
import { grantLock } from './settle';

/** Delivers ready messages, lowest sequence number first, to the receivers with credit, one each in turn. */
export function deliver(queue: Queue): void {
  while (queue.ready.length > 0) {
    const consumer = nextConsumer(queue);
    const message = consumer && nextReady(queue, Date.now());
    if (!message) return;
    if (consumer.settlesOnSend) {
      commit(queue, { do: 'remove', at: message.sequenceNumber });
    } else {
      grantLock(queue, message, consumer.name);
    }
    consumer.hand(message);
  }
}

/** The receiver with credit that has waited longest; it moves to the end of the list. */
function nextConsumer({ consumers }: Queue): Consumer | undefined {
  const at = consumers.findIndex((consumer) => consumer.credit() > 0);
  const [found] = at < 0 ? [] : consumers.splice(at, 1);
  if (found) consumers.push(found);
  return found;
}

function nextReady(queue: Queue, now: number): Message | undefined {
  while (queue.ready.length > 0) {
    const message = queue.messages.get(pop(queue.ready) ?? 0);
    // The heap can still name removed messages; the timer is about to remove an expired one.
    if (message?.state !== 'active' || message.lock || expiryOf(queue, message) <= now) continue;
    return message;
  }
  return undefined;
}

/** Up to `count` messages of any state from a sequence number, ascending. Locks nothing. */
export function peek(queue: Queue, from: number, count: number): Message[] {
  const numbers = numbersOf(queue);
  const found: Message[] = [];
  for (let at = firstFrom(numbers, from); at < numbers.length && found.length < count; at += 1) {
    const message = queue.messages.get(numbers[at] ?? 0);
    if (message) found.push(message);
  }
  return found;
}

/**
 * Deferred messages by their sequence numbers, locked for the receiver or (`remove`) removed, all or none. Throws the
 * Refusal `com.microsoft:message-not-found`.
 */
export function receiveDeferred(
  queue: Queue,
  numbers: number[],
  owner: string,
  remove: boolean,
): Message[] {
  const unique = [...new Set(numbers)];
  const messages = unique.map((number) => {
    const message = queue.messages.get(number);
    if (message?.state === 'deferred' && !message.lock) return message;
    throw messageNotFound(
      `Failed to lock one or more specified messages. The message ${number} could not be found.`,
    );
  });
  if (remove) commit(queue, ...unique.map((at): Change => ({ do: 'remove', at })));
  else for (const message of messages) grantLock(queue, message, owner);
  return messages;
}

/** Removes up to `count` active, unlocked messages that were enqueued before a time; returns how many. */
export function deleteOldest(queue: Queue, count: number, enqueuedBefore: number): number {
  const removals: Change[] = [];
  for (const at of numbersOf(queue)) {
    if (removals.length >= count) break;
    const message = queue.messages.get(at);
    const removable = message?.state === 'active' && !message.lock;
    if (removable && message.enqueuedAt <= enqueuedBefore) removals.push({ do: 'remove', at });
  }
  if (removals.length > 0) commit(queue, ...removals);
  return removals.length;
}

function firstFrom(numbers: number[], from: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? Infinity) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
