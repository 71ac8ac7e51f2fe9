import type {
  ServiceBusClient,
  ServiceBusMessage,
  ServiceBusReceivedMessage,
  ServiceBusSender,
} from '@azure/service-bus';
import type { ReplayMarks } from '../../shared/domain/events/event';
import { bytesOf, numberOf, openLetters } from '../letters';

export type Chosen = { marks: ReplayMarks; action: 'send' | 'complete' };
export type Resent = 'replayed' | 'completed' | 'sent, but still a dead letter' | 'not found';

const AT_ONCE = 20;
/** For so long an answer may take that brings nothing. */
const LAST_WAIT_MS = 2000;

/**
 * Sends a copy of each chosen dead letter, waits until the queue has accepted it, and only then completes the letter: a
 * crash in between leaves a copy too many, which only counts, and never one too few. Letters cannot be asked for by number, so
 * those in between are taken under lock and given back at the end.
 */
export async function resend(
  client: ServiceBusClient,
  queue: string,
  chosen: ReadonlyMap<string, Chosen>,
): Promise<Map<string, Resent>> {
  const receiver = openLetters(client, queue);
  const sender = client.createSender(queue);
  const results = new Map<string, Resent>([...chosen.keys()].map((key) => [key, 'not found']));
  const others = new Map<string, ServiceBusReceivedMessage>();
  let missing = chosen.size;
  while (missing > 0) {
    const letters = await receiver.receiveMessages(AT_ONCE, { maxWaitTimeInMs: LAST_WAIT_MS });
    const fresh = letters.filter((letter) => !others.has(numberOf(letter)));
    for (const letter of letters) others.set(numberOf(letter), letter);
    // Nothing is left, or the locks of the first ones have run out and they come again.
    if (fresh.length === 0) break;
    for (const letter of fresh) {
      const key = numberOf(letter);
      const choice = chosen.get(key);
      if (!choice || results.get(key) !== 'not found') continue;
      if (choice.action === 'send') await sendCopy(sender, letter, choice.marks);
      // One settlement after another: the AMQP library may send two of one moment as one, under the first one's outcome.
      const settled = await settle(receiver.completeMessage(letter));
      const done = choice.action === 'send' ? 'replayed' : 'completed';
      results.set(key, settled ? done : 'sent, but still a dead letter');
      others.delete(key);
      missing -= 1;
    }
  }
  for (const letter of others.values()) await settle(receiver.abandonMessage(letter));
  return results;
}

/** Sends a body as a replay, without what only the old message was: its place, its lock, why it was given up. */
export async function sendCopy(
  sender: ServiceBusSender,
  letter: Pick<ServiceBusReceivedMessage, 'body'> & Partial<ServiceBusReceivedMessage>,
  marks: ReplayMarks,
): Promise<void> {
  const { contentType, subject, correlationId } = letter;
  const kept = Object.entries(letter.applicationProperties ?? {}).filter(
    ([name]) => !name.startsWith('DeadLetter'),
  );
  const copy: ServiceBusMessage = {
    body: bytesOf(letter),
    ...(contentType !== undefined && { contentType }),
    ...(subject !== undefined && { subject }),
    ...(correlationId !== undefined && { correlationId }),
    // Of its own: under the old one, duplicate detection would drop it and report that it was accepted.
    ...(marks.id !== undefined && { messageId: marks.id }),
    applicationProperties: {
      ...Object.fromEntries(kept),
      ...(marks.id !== undefined && { replayid: marks.id }),
      ...(marks.reason !== undefined && { replayreason: marks.reason }),
      ...(marks.by !== undefined && { replayedby: marks.by }),
    },
  };
  await sender.sendMessages(copy);
}

/** Whether it was done; a lock that ran out meanwhile is no fault, the letter is there again. */
const settle = (settlement: Promise<void>): Promise<boolean> =>
  settlement.then(
    () => true,
    () => false,
  );
