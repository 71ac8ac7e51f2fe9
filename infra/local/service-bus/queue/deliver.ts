import { grantLock } from './lock';
import { pop } from './heap';
import type { Message } from './message';
import { commit, expiryOf, type Consumer, type Queue } from './queue';

/** Hands ready messages, lowest sequence number first, to the receivers that have credit, one each in turn. */
export function deliver(queue: Queue): void {
  while (queue.ready.length > 0) {
    const consumer = nextConsumer(queue);
    const message = consumer && nextReady(queue, Date.now());
    if (!message) return;
    if (consumer.settlesOnSend) {
      commit(queue, { do: 'remove', at: message.sequenceNumber });
    } else {
      grantLock(queue, message, consumer.name);
    }
    consumer.hand(message);
  }
}

/** The receiver that has waited longest and has credit; it goes to the end of the line. */
function nextConsumer({ consumers }: Queue): Consumer | undefined {
  const at = consumers.findIndex((consumer) => consumer.credit() > 0);
  const [found] = at < 0 ? [] : consumers.splice(at, 1);
  if (found) consumers.push(found);
  return found;
}

function nextReady(queue: Queue, now: number): Message | undefined {
  while (queue.ready.length > 0) {
    const message = queue.messages.get(pop(queue.ready) ?? 0);
    // The heap may still name messages that left; an expired one is the alarm's, which is about to ring.
    if (message?.state !== 'active' || message.lock || expiryOf(queue, message) <= now) continue;
    return message;
  }
  return undefined;
}
