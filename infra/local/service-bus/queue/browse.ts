import { messageNotFound } from '../refusal';
import type { Change } from './change';
import { grantLock } from './lock';
import type { Message } from './message';
import { commit, numbersOf, type Queue } from './queue';

/** Up to `count` messages of any state from a sequence number on, in ascending order; nothing is locked. */
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
 * Deferred messages by their sequence numbers, locked for the receiver or (`remove`) taken out, all or none. Throws the
 * Refusal `com.microsoft:message-not-found`.
 */
export function receiveDeferred(
  queue: Queue,
  numbers: number[],
  owner: string,
  remove: boolean,
): Message[] {
  const wanted = [...new Set(numbers)];
  const messages = wanted.map((number) => {
    const message = queue.messages.get(number);
    if (message?.state === 'deferred' && !message.lock) return message;
    throw messageNotFound(
      `Failed to lock one or more specified messages. The message ${number} could not be found.`,
    );
  });
  if (remove) commit(queue, ...wanted.map((at): Change => ({ do: 'remove', at })));
  else for (const message of messages) grantLock(queue, message, owner);
  return messages;
}

/** Removes up to `count` active messages that nobody holds and that came before a time; answers how many. */
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
