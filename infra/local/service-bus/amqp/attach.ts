import type { Connection, Receiver, Sender } from 'rhea';
import type { Journal } from '../journal/journal';
import type { Namespace } from '../queue/namespace';
import type { Queue } from '../queue/queue';
import { entityNotFound, notAllowed, unsupported } from '../refusal';
import { refusalFrom } from './answer';
import { checkClaim } from './claims';
import { serveMessages } from './consumer';
import { serveManagement } from './management';
import { takeMessages } from './producer';
import { takeRequests } from './request';
import { mirrorAttach, refuseAttach } from './terminus';

/** What the links of a server stand on. */
export type Broker = { namespace: Namespace; journal: Journal };

const CLAIMS = '$cbs';
const MANAGEMENT = /\/\$management$/i;
const SESSION_FILTER = 'com.microsoft:session-filter';
const CBS_SPELLING = { status: 'status-code', description: 'status-description' };

/** Answers every attach on a connection: a link to serve, or a refusal that names the reason. */
export function serveLinks(connection: Connection, broker: Broker): void {
  const replyLinks = new Map<string, Sender>();
  // Every link listens for the end of its connection.
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
    mirrorAttach(link);
  } catch (error) {
    const refusal = refusalFrom(error);
    // Not every SDK shows the words of a refused attach.
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
      reply(checkClaim(request)),
    );
    return;
  }
  const queue = queueAt(address, broker.namespace);
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
    sender.once('sender_close', () => forget(sender, replyLinks));
    return;
  }
  if (filter && SESSION_FILTER in filter) throw unsupported('sessions');
  serveMessages(sender, queueAt(address, broker.namespace), broker.journal);
}

function queueAt(address: string, namespace: Namespace): Queue {
  const queue = namespace.find(address.replace(MANAGEMENT, ''));
  if (!queue) throw entityNotFound(address);
  return queue;
}

function forget(sender: Sender, replyLinks: Map<string, Sender>): void {
  for (const [name, link] of replyLinks) if (link === sender) replyLinks.delete(name);
}
