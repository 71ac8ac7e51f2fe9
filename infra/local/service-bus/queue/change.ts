import type { Lock, Message } from './message';

/**
 * Everything that can happen to a queue's state. A change is both what the journal keeps and the only way in which the
 * state in memory moves, so that a restart cannot come to another state than the one that was acknowledged.
 * `at` is the message's sequence number.
 */
export type Change =
  | { do: 'put'; message: Message }
  | { do: 'lock'; at: number; lock: Lock }
  | { do: 'unlock'; at: number; state: Message['state']; deliveryCount: number; bare?: Buffer }
  | { do: 'activate'; at: number; as: number; enqueuedAt: number }
  | { do: 'deadLetter'; at: number; deliveryCount: number; bare: Buffer }
  | { do: 'remove'; at: number }
  | { do: 'number'; at: number };

/** A change and the path of the queue that it belongs to. */
export type QueueChange = Change & { queue: string };
