import type { Content } from '../codec/message';
import type { QueueSettings } from '../config';
import { type Heap, push } from './heap';

/** A receiver's right to settle a message: `token` is the delivery tag in hex, `until` milliseconds since 1970. */
export type Lock = { token: string; until: number; owner: string };

/** A message in a queue. Times are milliseconds since 1970; `dueAt` is set on one that was sent as scheduled. */
export type Message = Content & {
  sequenceNumber: number;
  enqueuedAt: number;
  state: 'active' | 'deferred' | 'scheduled';
  deliveryCount: number;
  dueAt?: number;
  lock?: Lock;
};

/** The bytes that a message counts against the quota of its queue. */
export function sizeOf({ bare, annotations }: Content): number {
  let size = bare.length;
  for (const [key, value] of annotations) size += key.length + value.length;
  return size;
}

/**
 * Every change to a queue's state. The journal stores changes, and the state in memory moves only by them, so that a
 * restart restores exactly the acknowledged state.
 * `at` is the message's sequence number.
 */
export type Change =
  | { do: 'put'; message: Message }
  | { do: 'lock'; at: number; lock: Lock }
  | { do: 'unlock'; at: number; state: Message['state']; deliveryCount: number; bare?: Buffer }
  | { do: 'activate'; at: number; as: number; enqueuedAt: number }
  | { do: 'deadLetter'; at: number; deliveryCount: number; bare: Buffer }
  | { do: 'remove'; at: number }
  | { do: 'number'; at: number }
  | { do: 'clock'; offsetMs: number };

/** A change and the path of its queue. */
export type QueueChange = Change & { queue: string };

/** An attached receiver. Its credit is the number of messages that it may still get. */
export type Consumer = {
  name: string;
  settlesOnSend: boolean;
  credit: () => number;
  hand: (message: Message) => void;
};

/** What a queue needs from its namespace: the journal, a timer and delivery to consumers. */
type QueueEnvironment = {
  record: (changes: QueueChange[]) => void;
  schedule: (message: Message, at: number) => void;
  requestDelivery: () => void;
};

/** A queue or a dead-letter queue (`deadLetters` undefined) with its indexes; only `apply` changes them. */
export type Queue = {
  path: string;
  settings: QueueSettings;
  deadLetters: Queue | undefined;
  environment: QueueEnvironment;
  messages: Map<number, Message>;
  locked: Map<string, Message>;
  ready: Heap<number>;
  ascending: number[] | undefined;
  lastNumber: number;
  bytes: number;
  /** How far the clock that the times were taken from is ahead of the machine's, in milliseconds. */
  clockOffset: number;
  consumers: Consumer[];
};

export const DEAD_LETTER_SUFFIX = '/$DeadLetterQueue';

export function createQueue(
  path: string,
  settings: QueueSettings,
  environment: QueueEnvironment,
  deadLetters?: Queue,
): Queue {
  return {
    path,
    settings,
    deadLetters,
    environment,
    messages: new Map(),
    locked: new Map(),
    ready: [],
    ascending: undefined,
    lastNumber: 0,
    bytes: 0,
    clockOffset: 0,
    consumers: [],
  };
}

/** Applies changes and records them as one unit: after a crash, all of them exist or none. */
export function commit(queue: Queue, ...changes: Change[]): void {
  for (const change of changes) apply(queue, change);
  queue.environment.record(changes.map((change) => ({ queue: queue.path, ...change })));
}

/** Changes the state in memory. Used by `commit`, and alone when the journal is read. */
export function apply(queue: Queue, change: Change): void {
  switch (change.do) {
    case 'put':
      place(queue, change.message);
      break;
    case 'number':
      queue.lastNumber = Math.max(queue.lastNumber, change.at);
      break;
    case 'clock':
      moveTimes(queue, change.offsetMs - queue.clockOffset);
      queue.clockOffset = change.offsetMs;
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

/**
 * After a move of the clock: what lasts for some time lasts as long as before. A lock keeps what is left of it, and a
 * waiting message its time to live. What has an instant, a scheduled message, comes at that instant.
 */
function moveTimes(queue: Queue, by: number): void {
  for (const message of queue.messages.values()) {
    if (message.lock) message.lock = { ...message.lock, until: message.lock.until + by };
    if (queue.deadLetters && message.state !== 'scheduled') message.enqueuedAt += by;
    queue.environment.schedule(message, deadlineOf(queue, message));
  }
}

/** When a message leaves its state without a client's action, in milliseconds since 1970. */
function deadlineOf(queue: Queue, message: Message): number {
  if (message.lock) return message.lock.until;
  if (message.state === 'scheduled') return message.dueAt ?? Infinity;
  return message.state === 'active' ? expiryOf(queue, message) : Infinity;
}

/** When the time to live ends. Dead letters have none: they stay until a receiver settles them. */
export function expiryOf({ settings, deadLetters }: Queue, message: Message): number {
  if (!deadLetters) return Infinity;
  return message.enqueuedAt + Math.min(message.header.ttl ?? Infinity, settings.timeToLive);
}

/** The numbers of all messages, ascending. Can include removed ones: the list is rebuilt only after an addition. */
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
  reindex(queue, message);
}

/** Removes a message from every index and returns it without its lock. */
function takeOut(queue: Queue, at: number): Message {
  const message = messageAt(queue, at);
  const { lock: held, ...unlocked } = message;
  if (held) queue.locked.delete(held.token);
  queue.messages.delete(at);
  queue.bytes -= sizeOf(message);
  queue.environment.schedule(message, Infinity);
  return unlocked;
}

function lock(queue: Queue, message: Message, granted: NonNullable<Message['lock']>): void {
  if (message.lock) queue.locked.delete(message.lock.token);
  message.lock = granted;
  queue.locked.set(granted.token, message);
  reindex(queue, message);
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
  reindex(queue, message);
}

/** Updates the timer and the ready list after a message's state has changed. */
function reindex(queue: Queue, message: Message): void {
  queue.environment.schedule(message, deadlineOf(queue, message));
  if (message.state !== 'active' || message.lock) return;
  push(queue.ready, message.sequenceNumber, message.sequenceNumber);
  queue.environment.requestDelivery();
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
