import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { recoverDueEvents, type RecoverServices } from '../shared/events/recover';
import { startOwnEvent } from '../shared/events/start';
import { sealHours, type SealServices } from '../shared/evidence/seal-hours';
import { logTo } from '../shared/log';
import { timedRun } from '../shared/reconcile/request';
import { runHost } from './run-host';

/** The timer `supervise` recovers events that are not closed, and `reconcile` starts a run of the reconciliation. */
export function registerTimers(
  services: RecoverServices & {
    config: { recovery: { schedule: string }; reconcile: { schedule: string } };
  },
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
  df.app.client.timer('reconcileOnSchedule', {
    schedule: services.config.reconcile.schedule,
    handler: async (_: unknown, client: df.DurableClient) => {
      await startOwnEvent(services, runHost(client), timedRun(new Date()));
    },
  });
}

/** The timer `seal` seals the audit of every hour that is over. */
export function registerSealing(schedule: string, services: SealServices): void {
  app.timer('seal', {
    schedule,
    handler: async (_: unknown, context: InvocationContext) => {
      const log = logTo((line) => context.log(line));
      await sealHours(services, Date.now(), log);
    },
  });
}
