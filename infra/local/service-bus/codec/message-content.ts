import { randomUUID } from 'node:crypto';
import { entriesOf, itemsOf, time, truth, unsigned } from './decode';
import { HEADER, MESSAGE_ANNOTATIONS, PROPERTIES, sectionsOf, withMessageId } from './sections';

/** The header fields that a sender sets; `ttl` in milliseconds. */
export type Header = {
  durable?: boolean;
  priority?: number;
  ttl?: number;
  firstAcquirer?: boolean;
};

/**
 * What a sender sent: header fields, message annotations (values encoded) and the bare message (properties, application
 * properties, body, footer), which is kept byte for byte.
 */
export type Content = { header: Header; annotations: Map<string, Buffer>; bare: Buffer };

export const SCHEDULED_ENQUEUE_TIME = 'x-opt-scheduled-enqueue-time';

/** Annotations that only the broker writes: what a sender puts there is dropped. */
const OF_THE_BROKER = new Set([
  'x-opt-sequence-number',
  'x-opt-enqueue-sequence-number',
  'x-opt-enqueued-time',
  'x-opt-locked-until',
  'x-opt-lock-token',
  'x-opt-message-state',
  'x-opt-deadletter-source',
]);

/**
 * Splits an encoded message. One without a message id gets one, because the JavaScript SDK cannot settle a message that
 * has none. Throws a Refusal `amqp:decode-error`.
 */
export function contentOf(message: Buffer): Content {
  const sections = sectionsOf(message);
  const header = sections.find(({ descriptor }) => descriptor === HEADER);
  const annotations = sections.find(({ descriptor }) => descriptor === MESSAGE_ANNOTATIONS);
  const bareStart = sections.find(({ descriptor }) => descriptor >= PROPERTIES)?.start;
  return {
    header: header ? headerOf(itemsOf(header.value)) : {},
    annotations: new Map(
      [...(annotations ? entriesOf(annotations.value) : [])].filter(
        ([key]) => !OF_THE_BROKER.has(key),
      ),
    ),
    bare: withMessageId(message.subarray(bareStart ?? message.length), () =>
      randomUUID().replaceAll('-', ''),
    ),
  };
}

/** When a message is to become active, in milliseconds since 1970; undefined if it is not scheduled. */
export function scheduledTime({ annotations }: Content): number | undefined {
  return time(annotations.get(SCHEDULED_ENQUEUE_TIME));
}

function headerOf([durable, priority, ttl, firstAcquirer]: Buffer[]): Header {
  const fields = {
    durable: truth(durable),
    priority: unsigned(priority),
    ttl: unsigned(ttl),
    firstAcquirer: truth(firstAcquirer),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
