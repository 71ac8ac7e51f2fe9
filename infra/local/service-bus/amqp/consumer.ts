import type { EventEmitter } from 'node:events';
import type { Sender } from 'rhea';
import { encodeReceived } from '../codec/received-message';
import type { Journal } from '../journal/journal';
import { deliver } from '../queue/deliver';
import type { Message } from '../queue/message';
import { commit, type Consumer, type Queue } from '../queue/queue';
import { giveBack } from '../queue/settle';
import { creditOf } from './credit';
import { answerDispositions } from './dispositions';
import { mutable } from './rhea-internals';

const SEND_SETTLED = 1;

/**
 * Serves a queue's messages to an attached client while it gives credit. A message goes out when the lock on it (or, for
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
          takeBack(queue, message, token);
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
  sender.on('sender_draining', () => {
    deliver(queue);
    journal.whenDurable(credit.drained);
  });
  answerDispositions(sender, queue, journal);
  whenGone(sender, () => {
    queue.consumers = queue.consumers.filter((other) => other !== consumer);
  });
}

/** A message that was meant for a receiver that has left: nobody saw it, so it is as it was before. */
function takeBack(queue: Queue, message: Message, token: string | undefined): void {
  if (token === undefined) commit(queue, { do: 'put', message });
  else if (queue.locked.get(token) === message) giveBack(queue, message);
}

function whenGone(sender: Sender, then: () => void): void {
  const endings: [EventEmitter, string][] = [
    [sender, 'sender_close'],
    [sender.session, 'session_close'],
    [sender.connection, 'connection_close'],
    [sender.connection, 'disconnected'],
  ];
  const gone = (): void => {
    for (const [emitter, event] of endings) emitter.off(event, gone);
    then();
  };
  for (const [emitter, event] of endings) emitter.on(event, gone);
}
