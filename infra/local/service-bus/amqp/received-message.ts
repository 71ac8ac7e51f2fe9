import { HEADER, LONGEST_TTL, MESSAGE_ANNOTATIONS, withoutBody } from '../codec/message';
import {
  booleanValue,
  int,
  list,
  long,
  map,
  NULL,
  section,
  symbol,
  timestamp,
  ubyte,
  uint,
} from '../codec/values';
import type { Message } from '../queue/queue';

const STATE_CODE = { deferred: 1, scheduled: 2 };

/**
 * A message as a receiver gets it: new header and annotations, and the bare message as it was sent (without its body
 * sections if `omitBody`).
 */
export function encodeReceived(message: Message, omitBody = false): Buffer {
  return Buffer.concat([
    header(message),
    annotations(message),
    omitBody ? withoutBody(message.bare) : message.bare,
  ]);
}

function header({
  header: { durable, priority, ttl, firstAcquirer },
  deliveryCount,
}: Message): Buffer {
  const acquiredBefore = deliveryCount > 0 ? false : firstAcquirer;
  return section(
    HEADER,
    list([
      durable === undefined ? NULL : booleanValue(durable),
      priority === undefined ? NULL : ubyte(priority),
      ttl === undefined || ttl > LONGEST_TTL ? NULL : uint(ttl),
      acquiredBefore === undefined ? NULL : booleanValue(acquiredBefore),
      uint(deliveryCount),
    ]),
  );
}

function annotations(message: Message): Buffer {
  const all = new Map(message.annotations);
  all.set('x-opt-sequence-number', long(message.sequenceNumber));
  all.set('x-opt-enqueued-time', timestamp(message.enqueuedAt));
  if (message.lock) all.set('x-opt-locked-until', timestamp(message.lock.until));
  const state = stateOf(message);
  if (state !== undefined) all.set('x-opt-message-state', int(state));
  const pairs = [...all].flatMap(([key, value]) => [symbol(key), value]);
  return section(MESSAGE_ANNOTATIONS, map(pairs.length, pairs));
}

/** A message that was scheduled keeps that state after it becomes active, as in Azure. */
function stateOf({ state, dueAt }: Message): number | undefined {
  if (state === 'deferred') return STATE_CODE.deferred;
  return dueAt === undefined ? undefined : STATE_CODE.scheduled;
}
