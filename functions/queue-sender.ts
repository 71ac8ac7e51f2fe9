import type { TokenCredential } from '@azure/identity';
import type { ServiceBusSender } from '@azure/service-bus';
import { StoreUnavailable } from '../shared/storage/storage-port';

/**
 * Sends messages to the queue that the app receives from. The client is loaded with the first message, because most
 * executions send none. An error of it is StoreUnavailable: the message may have been sent, and is sent again.
 */
export function createQueueSender(
  { busConnection, queue }: { busConnection: string | undefined; queue: string },
  credential: TokenCredential,
): (body: Uint8Array) => Promise<void> {
  let sender: Promise<ServiceBusSender> | undefined;
  const open = async (): Promise<ServiceBusSender> => {
    const { ServiceBusClient } = await import('@azure/service-bus');
    if (busConnection === undefined) throw new Error('the connection of the queue is not set');
    const client = busConnection.includes('=')
      ? new ServiceBusClient(busConnection, RETRIES)
      : new ServiceBusClient(busConnection, credential, RETRIES);
    return client.createSender(queue);
  };
  return async (body) => {
    sender ??= open();
    const own = sender;
    try {
      await (await own).sendMessages({ body, contentType: 'application/json' });
    } catch (error) {
      sender = undefined;
      void own.then((one) => one.close()).catch(() => undefined);
      throw new StoreUnavailable(`queue: ${(error as Error).name}`);
    }
  };
}

const RETRIES = { retryOptions: { maxRetries: 1, retryDelayInMs: 500, timeoutInMs: 10_000 } };
