import { DefaultAzureCredential } from '@azure/identity';
import {
  ServiceBusClient,
  type ServiceBusClientOptions,
  type ServiceBusReceivedMessage,
} from '@azure/service-bus';
import type { AppFunction } from '../app/function-table';
import type { Invocation, Invoke } from '../app/invoke';
import type { HostJson } from '../host-json';
import type { Log } from '../log';
import { expandSettings } from '../settings';
import type { Settlement } from './held-message';
import { listenToQueue, type QueueListener } from './queue-listener';
import { bodyData, messageMetadata } from './service-bus-message';

type QueueTrigger = {
  name: string;
  queueName: string;
  connection: string;
  binary: boolean;
  autoComplete: boolean;
};

type QueueTriggerOptions = {
  functions: readonly QueueTrigger[];
  settings: HostJson['serviceBus'];
  invoke: Invoke;
  inputs: NonNullable<Invocation['inputs']>;
  log: Log;
};

/** Reads the trigger of a Service Bus function. Throws on unsupported options. */
export function readQueueTrigger(
  entry: AppFunction,
  defaults: HostJson['serviceBus'],
): QueueTrigger {
  const { name, trigger } = entry;
  const unsupported = ['topicName', 'isSessionsEnabled', 'sdkBinding'].filter(
    (key) => trigger[key],
  );
  if (trigger['cardinality'] === 'many') unsupported.push("cardinality: 'many'");
  if (unsupported.length > 0) {
    throw new Error(`${unsupported.join(', ')} is not supported`);
  }
  return {
    name,
    queueName: expandSettings(String(trigger['queueName']), process.env),
    connection: String(trigger['connection']),
    binary: trigger['dataType'] === 'binary',
    autoComplete: (trigger['autoCompleteMessages'] ?? defaults.autoCompleteMessages) === true,
  };
}

/** Listens for every queue function until stopped; reconnects to a bus that is down. */
export function startQueueTriggers(options: QueueTriggerOptions) {
  const listeners = options.functions.map((trigger) => listenTo(trigger, options));
  return {
    describe: () =>
      options.functions.map(({ name }, at) => ({ name, ...listeners[at]?.describe() })),
    async stop(): Promise<void> {
      await Promise.all(listeners.map((listener) => listener.stop()));
    },
  };
}

function listenTo(trigger: QueueTrigger, options: QueueTriggerOptions): QueueListener {
  const { settings, log } = options;
  const connect = serviceBusOf(trigger.connection, process.env);
  let lastWarning = '';
  return listenToQueue({
    ...settings,
    queueName: trigger.queueName,
    connect,
    handle(message) {
      lastWarning = '';
      return dispatch(message, trigger, options);
    },
    warn(warning) {
      const text = `${trigger.name}: Service Bus, ${warning}`;
      if (text !== lastWarning) log('warning', text); // once, not at every retry
      lastWarning = text;
    },
  });
}

async function dispatch(
  message: ServiceBusReceivedMessage,
  trigger: QueueTrigger,
  { invoke, inputs, log }: QueueTriggerOptions,
): Promise<Settlement | undefined> {
  const began = performance.now();
  const failure = await runFunction(message, trigger, invoke, inputs);
  const took = `delivery ${(message.deliveryCount ?? 0) + 1}, ${Math.round(performance.now() - began)} ms`;
  if (failure === undefined) log('information', `${trigger.name}: succeeded (${took})`);
  else log('error', `${trigger.name}: failed (${took}): ${failure}`);
  if (failure !== undefined) return 'abandon';
  return trigger.autoComplete ? 'complete' : undefined;
}

async function runFunction(
  message: ServiceBusReceivedMessage,
  { name, binary }: QueueTrigger,
  invoke: Invoke,
  inputs: NonNullable<Invocation['inputs']>,
): Promise<string | undefined> {
  try {
    const trigger = bodyData(message, binary);
    const result = await invoke(name, { trigger, inputs, metadata: messageMetadata(message) });
    return result.ok ? undefined : result.error.message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Without retries of the SDK: a listener replaces its connection. */
const options: ServiceBusClientOptions = {
  identifier: 'functions-host',
  retryOptions: { maxRetries: 0, retryDelayInMs: 500, timeoutInMs: 15_000 },
};

/**
 * A function that makes clients for the connection that a trigger names: the setting itself, with `AzureWebJobs` before it,
 * or its identity form `<name>__fullyQualifiedNamespace`. Throws when there is none of them.
 */
export function serviceBusOf(
  connection: string,
  settings: NodeJS.ProcessEnv,
): () => ServiceBusClient {
  const text = settings[connection] ?? settings[`AzureWebJobs${connection}`];
  if (text) return () => new ServiceBusClient(text, options);
  const namespace = settings[`${connection}__fullyQualifiedNamespace`];
  if (namespace) {
    const credential = new DefaultAzureCredential();
    return () => new ServiceBusClient(namespace, credential, options);
  }
  throw new Error(
    `The Service Bus connection "${connection}" is not set: give the connection string in ${connection} ` +
      `or the namespace in ${connection}__fullyQualifiedNamespace.`,
  );
}
