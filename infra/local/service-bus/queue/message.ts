import type { Content } from '../codec/message-content';

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

/** What a message weighs against the quota of its queue, in bytes. */
export function sizeOf({ bare, annotations }: Content): number {
  let size = bare.length;
  for (const [key, value] of annotations) size += key.length + value.length;
  return size;
}
