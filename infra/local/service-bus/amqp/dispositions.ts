import type { Delivery, EventContext, Sender } from 'rhea';
import type { Journal } from '../journal/journal';
import type { Queue } from '../queue/queue';
import { isNull } from '../codec/decode';
import { NULL } from '../codec/encode';
import { deadLetterProperties, settle, type Outcome, type Properties } from '../queue/settle';
import { accept, refusalFrom, reject } from './answer';
import { encoded, mutable } from './rhea-internals';

/** A value that rhea decoded but left with its type; a map is a list of keys and values in turn. */
type Typed = { value: unknown };

/**
 * Settles messages as their receiver's dispositions say: accepted = complete, modified = abandon or (undeliverable here)
 * defer, rejected = dead-letter, released = unlock without counting
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide).
 */
export function answerDispositions(sender: Sender, queue: Queue, journal: Journal): void {
  const on = (event: string, outcomeOf: (state: Typed[]) => Outcome): void => {
    sender.on(event, ({ delivery }: EventContext) => {
      if (delivery) answer(delivery, queue, journal, outcomeOf);
    });
  };
  on('accepted', () => ({ kind: 'complete' }));
  on('released', () => ({ kind: 'release' }));
  on('modified', ([, undeliverableHere, annotations]) => ({
    kind: undeliverableHere?.value === true ? 'defer' : 'abandon',
    properties: propertiesOf(annotations),
  }));
  on('rejected', ([error]) => ({ kind: 'deadLetter', properties: deadLetterInfo(error) }));
}

function answer(
  delivery: Delivery,
  queue: Queue,
  journal: Journal,
  outcomeOf: (state: Typed[]) => Outcome,
): void {
  const wantsAnswer = !delivery.remote_settled;
  if (!wantsAnswer) mutable(delivery).settled = true;
  try {
    const state = (delivery.remote_state?.['value'] ?? []) as Typed[];
    settle(queue, Buffer.from(delivery.tag).toString('hex'), outcomeOf(state));
  } catch (error) {
    const refusal = refusalFrom(error);
    if (wantsAnswer) reject(delivery, refusal);
    return;
  }
  if (wantsAnswer) journal.whenDurable(() => accept(delivery));
}

// The SDKs put DeadLetterReason and DeadLetterErrorDescription into the error's info map, under these very names.
function deadLetterInfo(error: Typed | undefined): Properties {
  const fields = Array.isArray(error?.value) ? (error.value as Typed[]) : [];
  const properties = propertiesOf(fields[2]);
  // The JavaScript SDK sends both as null when the caller gave none.
  for (const name of deadLetterProperties('', '').keys()) {
    if (isNull(properties.get(name) ?? NULL)) properties.delete(name);
  }
  return properties;
}

function propertiesOf(map: Typed | undefined): Properties {
  const items = Array.isArray(map?.value) ? (map.value as Typed[]) : [];
  const properties: Properties = new Map();
  for (let at = 0; at + 1 < items.length; at += 2) {
    properties.set(String(items[at]?.value), encoded(items[at + 1]));
  }
  return properties;
}
