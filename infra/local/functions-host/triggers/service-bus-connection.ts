import { DefaultAzureCredential } from '@azure/identity';
import { ServiceBusClient, type ServiceBusClientOptions } from '@azure/service-bus';

/** A local bus that was restarted should be found again within seconds. */
const options: ServiceBusClientOptions = {
  identifier: 'functions-host',
  retryOptions: {
    maxRetries: 3,
    retryDelayInMs: 500,
    maxRetryDelayInMs: 2_000,
    timeoutInMs: 15_000,
  },
};

/**
 * Opens the connection that a trigger names: the setting itself, with `AzureWebJobs` before it, or its identity form
 * `<name>__fullyQualifiedNamespace`. Throws when there is none of them.
 */
export function openServiceBus(connection: string, settings: NodeJS.ProcessEnv): ServiceBusClient {
  const text = settings[connection] ?? settings[`AzureWebJobs${connection}`];
  if (text) return new ServiceBusClient(text, options);
  const namespace = settings[`${connection}__fullyQualifiedNamespace`];
  if (namespace) return new ServiceBusClient(namespace, new DefaultAzureCredential(), options);
  throw new Error(
    `The Service Bus connection "${connection}" is not set: give the connection string in ${connection} ` +
      `or the namespace in ${connection}__fullyQualifiedNamespace.`,
  );
}
