import type { Message } from '../queue/message';
import {
  NULL,
  booleanValue,
  int,
  list,
  long,
  map,
  section,
  symbol,
  timestamp,
  ubyte,
  uint,
} from './encode';
import { HEADER, MESSAGE_ANNOTATIONS, withoutBody } from './sections';

const STATE_CODE = { deferred: 1, scheduled: 2 };

/**
 * A message as a receiver gets it: header and annotations are written anew, the bare message goes out as it came in
 * (without its body sections if `omitBody`).
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
      ttl === undefined ? NULL : uint(ttl),
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

/** A message that was once scheduled still says so after it became active, as Azure's do. */
function stateOf({ state, dueAt }: Message): number | undefined {
  if (state === 'deferred') return STATE_CODE.deferred;
  return dueAt === undefined ? undefined : STATE_CODE.scheduled;
}
