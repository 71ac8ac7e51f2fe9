import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { acceptMessage, type AcceptServices } from '../shared/events/accept';
import { logTo } from '../shared/log';
import { runHost } from './run-host';

/**
 * Service Bus message -> one orchestration. Returning completes the message; throwing returns it to the queue, and after
 * its last delivery the bus dead-letters it.
 */
export function registerIntake(services: AcceptServices): void {
  const trigger = {
    connection: 'ServiceBus',
    queueName: '%PROVISIONING_QUEUE%',
    // Bytes, because the host may repair or parse text.
    dataType: 'binary',
  };
  df.app.client.serviceBusQueue('intake', {
    ...trigger,
    handler: async (message: unknown, client: df.DurableClient, context: InvocationContext) => {
      const properties = context.triggerMetadata?.['applicationProperties'];
      const log = logTo((line) => context.log(line));
      await acceptMessage(services, runHost(client), { message, properties }, log);
    },
  });
}
