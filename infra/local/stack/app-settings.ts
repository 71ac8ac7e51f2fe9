import { join } from 'node:path';
import { projectRoot } from './part';
import type { StackFile } from './stack-file';

/** What a person may set otherwise in the shell; the waits are short, because a laptop's user watches. */
const defaults = (): Record<string, string> => ({
  AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
  PROVISIONING_QUEUE: 'provisioning-events',
  EVENT_SOURCES: 'urn:hr:acme:workday',
  ACCESS_MODEL: join(projectRoot(), 'access-model.json'),
  POLL_SCHEDULE: '500ms 1s 2s<1m 5s<10m 30s',
  DELIVERY_DEADLINE: '10m',
  APPROVAL_DEADLINE: '1h',
  PARTIAL_GRACE: '1m',
  IDENTITY_DEADLINE: '5m',
  CALL_PATIENCE: '10m',
  GRAPH_LAG: '250ms',
  SUPERVISE_SCHEDULE: '*/5 * * * * *',
  RECOVERY_DELAY: '30s',
});

/**
 * The app's settings on the local stack. The addresses are always the stack's own, so that a shell which holds the
 * settings of a real tenant cannot send a local run there. Throws if a part that the app needs is not running.
 */
export function appSettings(stack: StackFile, env: NodeJS.ProcessEnv): Record<string, string> {
  const { serviceBus, storage, graph } = stack;
  if (serviceBus === undefined || storage === undefined || graph === undefined) {
    throw new Error('host: needs storage, service-bus and graph running: start them first');
  }
  const chosen = Object.entries(defaults()).filter(([name]) => env[name] === undefined);
  return {
    ...Object.fromEntries(chosen),
    ServiceBus: serviceBus.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    GRAPH_URL: graph.url,
  };
}
