import type { Delivery, EventContext, Receiver } from 'rhea';
import { contentOf } from '../codec/message-content';
import { messagesOfBatch } from '../codec/sections';
import type { Journal } from '../journal/journal';
import { enqueue } from '../queue/enqueue';
import type { Queue } from '../queue/queue';
import { tooLarge } from '../refusal';
import { accept, refusalFrom, reject } from './answer';
import { MAX_MESSAGE_SIZE } from './terminus';

/** The message format of a batch: an envelope whose data sections are encoded messages. */
const BATCH_FORMAT = 0x80013700;

/** Takes what a client sends to a queue: accepted when it is on disk, rejected with the reason otherwise. */
export function takeMessages(receiver: Receiver, queue: Queue, journal: Journal): void {
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
