import { scheduledTime, type Content } from '../codec/message-content';
import { messageNotFound, queueFull } from '../refusal';
import type { Change } from './change';
import { sizeOf, type Message } from './message';
import { commit, type Queue } from './queue';

/** The official emulator's limit for one queue, in bytes. */
const QUEUE_LIMIT = 100 * 1024 * 1024;

/**
 * Puts messages into the queue, all or none, and answers their sequence numbers. One whose scheduled time is still to
 * come waits for it. Throws the Refusal `amqp:resource-limit-exceeded` if the queue is full.
 */
export function enqueue(queue: Queue, contents: Content[]): number[] {
  const size = contents.reduce((sum, content) => sum + sizeOf(content), 0);
  if (queue.bytes + size > QUEUE_LIMIT) throw queueFull(queue.path, QUEUE_LIMIT);
  const now = Date.now();
  const first = queue.lastNumber + 1;
  const messages = contents.map((content, at) => messageOf(content, first + at, now));
  commit(queue, ...messages.map((message): Change => ({ do: 'put', message })));
  return messages.map(({ sequenceNumber }) => sequenceNumber);
}

/** Activates a scheduled message whose time has come; it gets a new sequence number, as in Azure. */
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
  const wanted = [...new Set(numbers)];
  for (const number of wanted) {
    if (queue.messages.get(number)?.state !== 'scheduled') {
      throw messageNotFound(`The scheduled message ${number} could not be found.`);
    }
  }
  commit(queue, ...wanted.map((at): Change => ({ do: 'remove', at })));
}

function messageOf(content: Content, sequenceNumber: number, enqueuedAt: number): Message {
  const dueAt = scheduledTime(content);
  const waits = dueAt !== undefined && dueAt > enqueuedAt;
  return {
    ...content,
    sequenceNumber,
    enqueuedAt,
    state: waits ? 'scheduled' : 'active',
    deliveryCount: 0,
    ...(dueAt !== undefined && { dueAt }),
  };
}
