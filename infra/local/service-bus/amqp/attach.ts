import type { Connection, Delivery, EventContext, Receiver, Sender } from 'rhea';
import { contentOf, messagesOfBatch } from '../codec/message';
import type { Journal } from '../journal';
import { enqueue } from '../queue/enqueue';
import { type Namespace, pathOf } from '../queue/namespace';
import type { Queue } from '../queue/queue';
import { entityNotFound, notAllowed, tooLarge, unsupported } from '../refusal';
import {
  accept,
  MAX_MESSAGE_SIZE,
  acceptAttach,
  refusalFrom,
  refuseAttach,
  reject,
} from './answer';
import { checkClaim, requireRight } from './claims';
import { serveMessages } from './consumer';
import { serveManagement } from './management';
import { hostOf } from './rhea-internals';
import { takeRequests } from './request';

/** The state that every link of a server uses. */
export type Broker = { namespace: Namespace; journal: Journal };

const CLAIMS = '$cbs';
const MANAGEMENT = /\/\$management$/i;
const SUBSCRIPTION = /\/subscriptions\/[^/]/i;
const SESSION_FILTER = 'com.microsoft:session-filter';
const CBS_SPELLING = { status: 'status-code', description: 'status-description' };

/** Answers every attach on a connection: serves the link, or refuses it with the reason. */
export function serveLinks(connection: Connection, broker: Broker): void {
  const replyLinks = new Map<string, Sender>();
  // Every link has a listener for the end of its connection.
  connection.setMaxListeners(0);
  connection.on('receiver_open', ({ receiver }: { receiver: Receiver }) =>
    answerAttach(receiver, () => serveClientSender(receiver, broker, replyLinks)),
  );
  connection.on('sender_open', ({ sender }: { sender: Sender }) =>
    answerAttach(sender, () => serveClientReceiver(sender, broker, replyLinks)),
  );
}

function answerAttach(link: Sender | Receiver, serve: () => void): void {
  try {
    serve();
    acceptAttach(link);
  } catch (error) {
    const refusal = refusalFrom(error);
    // Not every SDK shows the text of a refused attach.
    console.error(`service-bus: refused a link "${link.name}": ${refusal.message}`);
    refuseAttach(link, refusal);
  }
}

function serveClientSender(
  receiver: Receiver,
  broker: Broker,
  replyLinks: Map<string, Sender>,
): void {
  const address = (receiver.target as Receiver['target'] | null)?.address;
  if (address === undefined) throw unsupported('transactions');
  if (address === CLAIMS) {
    takeRequests(receiver, replyLinks, CBS_SPELLING, (request, reply) =>
      reply(checkClaim(request, receiver.connection)),
    );
    return;
  }
  const queue = queueAt(address, receiver, broker.namespace);
  requireRight(receiver.connection, MANAGEMENT.test(address) ? 'Listen' : 'Send');
  if (MANAGEMENT.test(address)) {
    serveManagement(receiver, queue, replyLinks, broker.journal);
  } else if (queue.deadLetters) {
    takeMessages(receiver, queue, broker.journal);
  } else {
    throw notAllowed('Messages cannot be sent to a dead-letter queue.');
  }
}

function serveClientReceiver(
  sender: Sender,
  broker: Broker,
  replyLinks: Map<string, Sender>,
): void {
  const { address, filter } = sender.source;
  if (address === CLAIMS || MANAGEMENT.test(address)) {
    for (const name of [sender.name, sender.target.address]) {
      if (name) replyLinks.set(name, sender);
    }
    sender.once('sender_close', () => removeReplyLinks(sender, replyLinks));
    return;
  }
  requireRight(sender.connection, 'Listen');
  if (filter && SESSION_FILTER in filter) throw unsupported('sessions');
  serveMessages(sender, queueAt(address, sender, broker.namespace), broker.journal);
}

function queueAt(address: string, link: Sender | Receiver, namespace: Namespace): Queue {
  const queue = namespace.find(address.replace(MANAGEMENT, ''));
  if (queue) return queue;
  if (SUBSCRIPTION.test(address)) throw unsupported('topics and subscriptions');
  throw entityNotFound(`sb://${hostOf(link.connection)}/${pathOf(address)}`);
}

function removeReplyLinks(sender: Sender, replyLinks: Map<string, Sender>): void {
  for (const [name, link] of replyLinks) if (link === sender) replyLinks.delete(name);
}

/** The message format of a batch: an envelope whose data sections are encoded messages. */
const BATCH_FORMAT = 0x80013700;

/** Receives a client's messages for a queue: accepted when they are on disk, rejected with the reason otherwise. */
function takeMessages(receiver: Receiver, queue: Queue, journal: Journal): void {
  receiver.on('message', ({ message, delivery }: EventContext) => {
    const bytes = message as unknown as Buffer;
    if (!delivery) return;
    try {
      enqueueAll(queue, bytes, delivery);
    } catch (error) {
      reject(delivery, refusalFrom(error));
      return;
    }
    journal.whenDurable(() => accept(delivery));
  });
}

function enqueueAll(queue: Queue, bytes: Buffer, { format }: Delivery): void {
  if (bytes.length > MAX_MESSAGE_SIZE) throw tooLarge(bytes.length, MAX_MESSAGE_SIZE);
  const messages = format === BATCH_FORMAT ? messagesOfBatch(bytes) : [bytes];
  enqueue(queue, messages.map(contentOf));
}
