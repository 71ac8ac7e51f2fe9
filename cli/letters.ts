import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from '@azure/service-bus';

/** The dead letters of a queue, their bodies left as the bytes that they are. */
export const openLetters = (client: ServiceBusClient, queue: string): ServiceBusReceiver =>
  client.createReceiver(queue, { subQueueType: 'deadLetter', skipParsingBodyAsJson: true });

/** Looks at the first dead letters and takes nothing out. One look shows what fits into one answer; the next goes on. */
export async function peekLetters(
  receiver: ServiceBusReceiver,
  limit: number,
): Promise<ServiceBusReceivedMessage[]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < limit) {
    const more = await receiver.peekMessages(limit - messages.length);
    if (more.length === 0) break;
    messages.push(...more);
  }
  return messages;
}

/** The body as it came. */
export function bytesOf({ body }: { body: unknown }): Uint8Array {
  return body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body ?? null));
}

/** What names a letter in its queue for as long as it is there. */
export const numberOf = ({ sequenceNumber }: ServiceBusReceivedMessage): string =>
  String(sequenceNumber ?? '');
