import { ServiceBusClient } from '@azure/service-bus';

/** The HR system's end of the queue, with the official SDK. */
export type Bus = {
  send: (messages: readonly Buffer[]) => Promise<void>;
  /** How many messages the queue has given up on; at most 100 are counted. */
  deadLetters: () => Promise<number>;
  close: () => Promise<void>;
};

export function openBus(connectionString: string, queue: string): Bus {
  const client = new ServiceBusClient(connectionString);
  const sender = client.createSender(queue);
  return {
    send: (messages) =>
      sender.sendMessages(messages.map((body) => ({ body, contentType: 'application/json' }))),
    deadLetters: async () => {
      // A receiver peeks on from where it last was; a new one starts at the first message.
      const receiver = client.createReceiver(queue, { subQueueType: 'deadLetter' });
      const messages = await receiver.peekMessages(100);
      await receiver.close();
      return messages.length;
    },
    close: () => client.close(),
  };
}
