import { DefaultAzureCredential } from '@azure/identity';
import {
  ServiceBusClient,
  type ServiceBusClientOptions,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import type { AppFunction } from '../app/function-table';
import type { Invocation, Invoke } from '../app/invoke';
import type { HostJson } from '../host-json';
import type { Log } from '../log';
import { expandSettings } from '../settings';
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
    throw new Error(
      `Function "${name}": ${unsupported.join(', ')} is not supported by the local host.`,
    );
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
  const clients = new Map<string, ServiceBusClient>();
  const listeners = options.functions.map((trigger) => {
    const client =
      clients.get(trigger.connection) ?? openServiceBus(trigger.connection, process.env);
    clients.set(trigger.connection, client);
    return listenTo(trigger, client, options);
  });
  return {
    async stop(): Promise<void> {
      await Promise.all(listeners.map((stop) => stop()));
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}

/** Subscribes once: the client retries without end, whatever the error. */
function listenTo(
  trigger: QueueTrigger,
  client: ServiceBusClient,
  options: QueueTriggerOptions,
): () => Promise<void> {
  const { maxAutoLockRenewalDuration, maxConcurrentCalls } = options.settings;
  const running = new Set<Promise<void>>();
  const settle = oneAtATime();
  const receiver = client.createReceiver(trigger.queueName, {
    receiveMode: 'peekLock',
    maxAutoLockRenewalDurationInMs: maxAutoLockRenewalDuration,
    skipParsingBodyAsJson: true,
  });
  let lastError = '';
  const subscription = receiver.subscribe(
    {
      async processMessage(message) {
        lastError = '';
        const run = dispatch(message, trigger, receiver, settle, options);
        running.add(run);
        await run.finally(() => running.delete(run));
      },
      async processError({ errorSource, error }) {
        const text = `${trigger.name}: Service Bus, ${errorSource}: ${error.message}`;
        if (text !== lastError) options.log('warning', text); // once, not at every retry
        lastError = text;
        return Promise.resolve();
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls },
  );
  return async () => {
    await subscription.close();
    await Promise.all(running);
    await receiver.close();
  };
}

async function dispatch(
  message: ServiceBusReceivedMessage,
  trigger: QueueTrigger,
  receiver: ServiceBusReceiver,
  settle: (settlement: () => Promise<void>) => Promise<void>,
  { invoke, inputs, log }: QueueTriggerOptions,
): Promise<void> {
  const began = performance.now();
  const failure = await runFunction(message, trigger, invoke, inputs);
  const took = `delivery ${(message.deliveryCount ?? 0) + 1}, ${Math.round(performance.now() - began)} ms`;
  if (failure === undefined) log('information', `${trigger.name}: succeeded (${took})`);
  else log('error', `${trigger.name}: failed (${took}): ${failure}`);
  if (failure === undefined && !trigger.autoComplete) return;
  try {
    await settle(() =>
      failure === undefined ? receiver.completeMessage(message) : receiver.abandonMessage(message),
    );
  } catch (error) {
    // The lock expires and the message is delivered again: a queue delivers at least once.
    log('warning', `${trigger.name}: could not settle a message: ${String(error)}`);
  }
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

/**
 * The AMQP library of the client (rhea 3.0.5) can send two settlements of one event-loop iteration as one, with the outcome
 * of the first: an abandoned message would be completed, and lost. So each settlement waits for the one before it.
 */
function oneAtATime() {
  let last: Promise<void> = Promise.resolve();
  return (settlement: () => Promise<void>): Promise<void> => {
    const next = last.then(settlement);
    last = last.then(() => overOrLate(next));
    return next;
  };
}

/** How long the next settlement waits: after a lost connection the client waits a minute for the answer. */
const SETTLE_WITHIN_MS = 2000;

function overOrLate(settlement: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, SETTLE_WITHIN_MS);
    const over = (): void => {
      clearTimeout(late);
      resolve();
    };
    settlement.then(over, over);
  });
}

/** Reconnects to a restarted local bus within seconds. */
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
function openServiceBus(connection: string, settings: NodeJS.ProcessEnv): ServiceBusClient {
  const text = settings[connection] ?? settings[`AzureWebJobs${connection}`];
  if (text) return new ServiceBusClient(text, options);
  const namespace = settings[`${connection}__fullyQualifiedNamespace`];
  if (namespace) return new ServiceBusClient(namespace, new DefaultAzureCredential(), options);
  throw new Error(
    `The Service Bus connection "${connection}" is not set: give the connection string in ${connection} ` +
      `or the namespace in ${connection}__fullyQualifiedNamespace.`,
  );
}
