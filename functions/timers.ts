import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { recoverDueEvents, type RecoverServices } from '../shared/events/recover';
import { logTo } from '../shared/log';
import { runHost } from './run-host';

/** The timer `supervise` recovers events that are not closed. */
export function registerTimers(
  services: RecoverServices & { config: { recovery: { schedule: string } } },
): void {
  df.app.client.timer('supervise', {
    schedule: services.config.recovery.schedule,
    handler: async (_: unknown, client: df.DurableClient, context: InvocationContext) => {
      await recoverDueEvents(
        services,
        runHost(client),
        logTo((line) => context.log(line)),
      );
    },
  });
}
