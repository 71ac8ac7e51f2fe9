import { type Content, scheduledTime, withExpiry } from '../codec/message';
import { messageNotFound, queueFull } from '../refusal';
import { type Change, commit, type Message, type Queue, sizeOf } from './queue';

/** The official emulator's limit for one queue, in bytes. */
const QUEUE_LIMIT = 100 * 1024 * 1024;

/**
 * Puts messages into the queue, all or none, and returns their sequence numbers. A message with a scheduled time in the
 * future waits for it. Throws the Refusal `amqp:resource-limit-exceeded` if the queue is full.
 */
export function enqueue(queue: Queue, contents: Content[]): number[] {
  const size = contents.reduce((sum, content) => sum + sizeOf(content), 0);
  if (queue.bytes + size > QUEUE_LIMIT) throw queueFull(queue.path, QUEUE_LIMIT);
  const now = Date.now();
  const first = queue.lastNumber + 1;
  const messages = contents.map((content, at) => messageOf(queue, content, first + at, now));
  commit(queue, ...messages.map((message): Change => ({ do: 'put', message })));
  return messages.map(({ sequenceNumber }) => sequenceNumber);
}

/** Activates a scheduled message that is due; it gets a new sequence number, as in Azure. */
export function activate(queue: Queue, { sequenceNumber, dueAt }: Message, now: number): void {
  commit(queue, {
    do: 'activate',
    at: sequenceNumber,
    as: queue.lastNumber + 1,
    enqueuedAt: Math.max(now, dueAt ?? now),
  });
}

/** Removes scheduled messages, all or none. Throws the Refusal `com.microsoft:message-not-found`. */
export function cancelScheduled(queue: Queue, numbers: number[]): void {
  const unique = [...new Set(numbers)];
  for (const number of unique) {
    if (queue.messages.get(number)?.state !== 'scheduled') {
      throw messageNotFound(`The scheduled message ${number} could not be found.`);
    }
  }
  commit(queue, ...unique.map((at): Change => ({ do: 'remove', at })));
}

function messageOf(
  { settings }: Queue,
  content: Content,
  sequenceNumber: number,
  enqueuedAt: number,
): Message {
  const dueAt = scheduledTime(content);
  // The queue's time to live is the longest, and that of a message without its own.
  const ttl = Math.min(content.header.ttl ?? Infinity, settings.timeToLive);
  const waits = dueAt !== undefined && dueAt > enqueuedAt;
  return {
    ...content,
    header: { ...content.header, ttl },
    bare: withExpiry(content.bare, ttl, enqueuedAt),
    sequenceNumber,
    enqueuedAt,
    state: waits ? 'scheduled' : 'active',
    deliveryCount: 0,
    ...(waits && { dueAt }),
  };
}
