import type { EventEmitter } from 'node:events';
import type { Delivery, EventContext, Sender, Session } from 'rhea';
import { isNull, NULL } from '../codec/values';
import type { Journal } from '../journal';
import { commit, type Consumer, type Message, type Queue } from '../queue/queue';
import { deliver } from '../queue/receive';
import {
  deadLetterProperties,
  release,
  type Outcome,
  type Properties,
  settle,
} from '../queue/settle';
import { accept, refusalFrom, reject } from './answer';
import { encodeReceived } from './received-message';
import {
  connectionInternals,
  encoded,
  mutable,
  senderInternals,
  sessionInternals,
} from './rhea-internals';

const SEND_SETTLED = 1;

/**
 * Delivers a queue's messages to an attached client while it has credit. A message goes out when its lock (or, for
 * receive-and-delete, its removal) is on disk.
 */
export function serveMessages(sender: Sender, queue: Queue, journal: Journal): void {
  const settlesOnSend = sender.snd_settle_mode === SEND_SETTLED;
  const credit = creditOf(sender);
  const consumer: Consumer = {
    name: sender.name,
    settlesOnSend,
    credit: credit.available,
    hand(message) {
      credit.reserve();
      const bytes = encodeReceived(message);
      const token = message.lock?.token;
      journal.whenDurable(() => {
        const open = sender.is_open();
        credit.use(open);
        if (!open) {
          returnUnsent(queue, message, token);
          return;
        }
        const delivery = sender.send(bytes, Buffer.from(token ?? '00', 'hex'), 0);
        if (settlesOnSend) mutable(delivery).settled = true;
      });
    },
  };
  queue.consumers.push(consumer);
  const deliverNow = (): void => deliver(queue);
  sender.on('sender_flow', deliverNow);
  sender.on('sendable', deliverNow);
  onSessionFlow(sender.session, deliverNow);
  sender.on('sender_draining', () => {
    deliver(queue);
    journal.whenDurable(credit.drained);
  });
  answerDispositions(sender, queue, journal);
  onDetach(sender, () => {
    queue.consumers = queue.consumers.filter((other) => other !== consumer);
  });
}

/** rhea has no event for a flow that widens only the window of a session. */
function onSessionFlow(session: Session, then: () => void): void {
  const internals = sessionInternals(session);
  const forward = internals.on_flow.bind(session);
  internals.on_flow = (frame) => {
    forward(frame);
    then();
  };
}

/**
 * How many more messages the session takes, those that rhea has not written yet left out. rhea keeps what the peer's window
 * does not take; a message must not be locked for that.
 */
function roomIn(session: Session): number {
  const { outgoing } = sessionInternals(session);
  const unwritten = outgoing.next_delivery_id - outgoing.next_pending_delivery;
  const window = outgoing.transfer_window() - unwritten;
  return Math.min(outgoing.available(), Number.isNaN(window) ? 0 : window);
}

/** Restores a message whose receiver left before the message was sent. */
function returnUnsent(queue: Queue, message: Message, token: string | undefined): void {
  if (token === undefined) commit(queue, { do: 'put', message });
  else if (queue.locked.get(token) === message) release(queue, message);
}

function onDetach(sender: Sender, then: () => void): void {
  const endings: [EventEmitter, string][] = [
    [sender, 'sender_close'],
    [sender.session, 'session_close'],
    [sender.connection, 'connection_close'],
    [sender.connection, 'disconnected'],
  ];
  const detached = (): void => {
    for (const [emitter, event] of endings) emitter.off(event, detached);
    then();
  };
  for (const [emitter, event] of endings) emitter.on(event, detached);
}

/** The credit of a receiver, and the two steps of a message on its way out. */
type Credit = {
  available: () => number;
  /** A message is chosen and waits for its journal entry. */
  reserve: () => void;
  /** The message was given to rhea, or (`sent` false) not sent. */
  use: (sent: boolean) => void;
  /** Answers a client that drains its credit: no more messages follow. */
  drained: () => void;
};

/**
 * Counts a receiver's credit. Corrects two faults of rhea: it lowers `credit` only when it writes a transfer, and it omits
 * the drain flag from the answer when the credit has just been used up, so the SDK would wait for its timeout.
 */
function creditOf(sender: Sender): Credit {
  const state = senderInternals(sender);
  let reserved = 0;
  let sent = 0;
  let skippedByDraining = 0;
  state._get_drain = () => {
    if (!state._draining || !state._drained) return false;
    skippedByDraining += state.credit;
    state.delivery_count += state.credit;
    state.credit = 0;
    return true;
  };
  return {
    available() {
      if (!sender.is_open()) return 0;
      const unwritten = sent - (state.delivery_count - skippedByDraining);
      return Math.min(state.credit - unwritten, roomIn(sender.session)) - reserved;
    },
    reserve() {
      reserved += 1;
    },
    use(wasSent) {
      reserved -= 1;
      if (wasSent) sent += 1;
    },
    drained() {
      sender.set_drained(true);
      connectionInternals(sender.connection)._register();
    },
  };
}

/** A value that rhea decoded and left with its type; a map is a list of alternating keys and values. */
type Typed = { value: unknown };

/**
 * Settles messages by their receiver's dispositions: accepted = complete, modified = abandon or (undeliverable here)
 * defer, rejected = dead-letter, released = unlock without counting
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide).
 */
function answerDispositions(sender: Sender, queue: Queue, journal: Journal): void {
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

// The SDKs put DeadLetterReason and DeadLetterErrorDescription into the error's info map, under these names.
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
