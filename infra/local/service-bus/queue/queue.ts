import type { QueueSettings } from '../config';
import type { Change, QueueChange } from './change';
import { push, type Heap } from './heap';
import { sizeOf, type Message } from './message';

/** Who gets messages: an attached receiver. Its credit is the number of messages that it may still be handed. */
export type Consumer = {
  name: string;
  settlesOnSend: boolean;
  credit: () => number;
  hand: (message: Message) => void;
};

/** What a queue needs around it: the journal, an alarm, and somebody who delivers. */
export type Surroundings = {
  record: (changes: QueueChange[]) => void;
  watch: (message: Message, at: number) => void;
  wantsDelivery: () => void;
};

/** A queue or a dead-letter queue (`deadLetters` undefined) with its indexes; only `apply` moves them. */
export type Queue = {
  path: string;
  settings: QueueSettings;
  deadLetters: Queue | undefined;
  surroundings: Surroundings;
  messages: Map<number, Message>;
  locked: Map<string, Message>;
  ready: Heap<number>;
  ascending: number[] | undefined;
  lastNumber: number;
  bytes: number;
  consumers: Consumer[];
};

export const DEAD_LETTER_SUFFIX = '/$DeadLetterQueue';

export function createQueue(
  path: string,
  settings: QueueSettings,
  surroundings: Surroundings,
  deadLetters?: Queue,
): Queue {
  return {
    path,
    settings,
    deadLetters,
    surroundings,
    messages: new Map(),
    locked: new Map(),
    ready: [],
    ascending: undefined,
    lastNumber: 0,
    bytes: 0,
    consumers: [],
  };
}

/** Applies changes and records them as one unit: after a crash either all of them are there or none. */
export function commit(queue: Queue, ...changes: Change[]): void {
  for (const change of changes) apply(queue, change);
  queue.surroundings.record(changes.map((change) => ({ queue: queue.path, ...change })));
}

/** Moves the state in memory. Used by `commit`, and alone when the journal is read back. */
export function apply(queue: Queue, change: Change): void {
  switch (change.do) {
    case 'put':
      place(queue, change.message);
      break;
    case 'number':
      queue.lastNumber = Math.max(queue.lastNumber, change.at);
      break;
    case 'lock':
      lock(queue, messageAt(queue, change.at), change.lock);
      break;
    case 'unlock':
      unlock(queue, messageAt(queue, change.at), change);
      break;
    case 'remove':
      takeOut(queue, change.at);
      break;
    case 'activate':
      place(queue, activated(takeOut(queue, change.at), change));
      break;
    case 'deadLetter':
      placeDead(queue, takeOut(queue, change.at), change);
      break;
  }
}

/** When a message leaves its present state by itself, in milliseconds since 1970. */
export function deadlineOf(queue: Queue, message: Message): number {
  if (message.lock) return message.lock.until;
  if (message.state === 'scheduled') return message.dueAt ?? Infinity;
  return message.state === 'active' ? expiryOf(queue, message) : Infinity;
}

/** When the time to live is over. Dead letters have none: they stay until somebody settles them. */
export function expiryOf({ settings, deadLetters }: Queue, message: Message): number {
  if (!deadLetters) return Infinity;
  return message.enqueuedAt + Math.min(message.header.ttl ?? Infinity, settings.timeToLive);
}

/** The numbers of all messages in ascending order, some perhaps gone: the list is only rebuilt after an addition. */
export function numbersOf(queue: Queue): number[] {
  queue.ascending ??= [...queue.messages.keys()].sort((a, b) => a - b);
  return queue.ascending;
}

function messageAt(queue: Queue, at: number): Message {
  const message = queue.messages.get(at);
  if (!message) throw new Error(`${queue.path} has no message ${at}`);
  return message;
}

function place(queue: Queue, message: Message): void {
  queue.messages.set(message.sequenceNumber, message);
  queue.lastNumber = Math.max(queue.lastNumber, message.sequenceNumber);
  queue.bytes += sizeOf(message);
  queue.ascending = undefined;
  if (message.lock) queue.locked.set(message.lock.token, message);
  settleDown(queue, message);
}

/** Removes a message from every index and answers it without its lock. */
function takeOut(queue: Queue, at: number): Message {
  const message = messageAt(queue, at);
  const { lock: held, ...unlocked } = message;
  if (held) queue.locked.delete(held.token);
  queue.messages.delete(at);
  queue.bytes -= sizeOf(message);
  queue.surroundings.watch(message, Infinity);
  return unlocked;
}

function lock(queue: Queue, message: Message, granted: NonNullable<Message['lock']>): void {
  if (message.lock) queue.locked.delete(message.lock.token);
  message.lock = granted;
  queue.locked.set(granted.token, message);
  settleDown(queue, message);
}

function unlock(queue: Queue, message: Message, to: ChangeThat<'unlock'>): void {
  if (message.lock) queue.locked.delete(message.lock.token);
  delete message.lock;
  message.state = to.state;
  message.deliveryCount = to.deliveryCount;
  if (to.bare) {
    queue.bytes += to.bare.length - message.bare.length;
    message.bare = to.bare;
  }
  settleDown(queue, message);
}

/** Puts a message whose state has changed where it now belongs. */
function settleDown(queue: Queue, message: Message): void {
  queue.surroundings.watch(message, deadlineOf(queue, message));
  if (message.state !== 'active' || message.lock) return;
  push(queue.ready, message.sequenceNumber, message.sequenceNumber);
  queue.surroundings.wantsDelivery();
}

type ChangeThat<Does extends Change['do']> = Change & { do: Does };

function activated(scheduled: Message, { as, enqueuedAt }: ChangeThat<'activate'>): Message {
  return { ...scheduled, sequenceNumber: as, enqueuedAt, state: 'active' };
}

function placeDead(
  { path, deadLetters }: Queue,
  message: Message,
  { deliveryCount, bare }: ChangeThat<'deadLetter'>,
): void {
  if (!deadLetters) throw new Error(`${path} has no dead-letter queue`);
  place(deadLetters, { ...message, deliveryCount, bare, state: 'active' });
}
