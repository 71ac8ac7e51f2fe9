import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from '@azure/service-bus';

/** One connection to the bus with one subscription to a queue. It is used until it ends, and never recovers. */
export type BusConnection = {
  receiver: ServiceBusReceiver;
  /** Waits for the bus: rejects when the connection ends first, and ends it if there is no answer within `answerWithin`. */
  ask: <T>(request: (receiver: ServiceBusReceiver) => Promise<T>) => Promise<T>;
  hasEnded: () => boolean;
  /** Cuts the connection. */
  end: (why: string) => void;
  /** Takes no more messages; those that were received can still be settled. */
  stopReceiving: () => Promise<void>;
  close: () => Promise<void>;
  /** The link as the SDK sees it. */
  link: () => { open: boolean; credit: number };
};

export type BusConnectionOptions = {
  client: ServiceBusClient;
  queueName: string;
  maxConcurrentCalls: number;
  /** How long the bus has for an answer, in milliseconds. */
  answerWithin: number;
  onMessage: (message: ServiceBusReceivedMessage) => Promise<void>;
  onError: (what: string, error: Error) => void;
  /** Called once, with the reason, when the connection is lost or was cut. */
  onEnd: (why: string) => void;
};

/**
 * Subscribes to a queue on a connection of its own. The SDK's own recovery is kept from starting: after a connection that was
 * lost during authorization it waits a minute for the answer, a close that a lost connection interrupts never settles, and
 * a new link can get the credit of two.
 */
export function openConnection(options: BusConnectionOptions): BusConnection {
  const { client, queueName, maxConcurrentCalls, answerWithin, onMessage, onError, onEnd } =
    options;
  const aborter = new AbortController();
  const connection = connectionOf(client);
  const waiting = new Set<(error: Error) => void>();
  let ended: Error | undefined;
  const receiver = client.createReceiver(queueName, {
    receiveMode: 'peekLock',
    maxAutoLockRenewalDurationInMs: 0,
    skipParsingBodyAsJson: true,
  });
  const subscription = receiver.subscribe(
    {
      processMessage: onMessage,
      processError({ errorSource, error }) {
        if (!ended) onError(errorSource, error);
        return Promise.resolve();
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls, abortSignal: aborter.signal },
  );
  const end = (why: string): void => {
    if (ended) return;
    ended = new Error(why);
    aborter.abort();
    void Promise.allSettled([subscription.close(), client.close()]);
    connection._connection.socket?.destroy(ended);
    for (const reject of waiting) reject(ended);
    onEnd(why);
  };
  for (const event of ENDINGS) {
    connection.on(event, (context) => end(context?.error?.message ?? 'connection lost'));
  }
  const ask: BusConnection['ask'] = (request) =>
    new Promise((resolve, reject) => {
      if (ended) {
        reject(ended);
        return;
      }
      const late = setTimeout(() => end('no answer from the bus'), answerWithin);
      const over = (): void => {
        clearTimeout(late);
        waiting.delete(fail);
      };
      const fail = (error: Error): void => {
        over();
        reject(error);
      };
      waiting.add(fail);
      request(receiver).then((answer) => {
        over();
        resolve(answer);
      }, fail);
    });
  return {
    receiver,
    ask,
    hasEnded: () => ended !== undefined,
    end,
    stopReceiving: () => orEnd(ask(() => subscription.close())),
    close: () => orEnd(ask(() => client.close())),
    link() {
      const link = (receiver as unknown as ReceiverInternals)._streamingReceiver?.link;
      return { open: link?.isOpen() ?? false, credit: link?.credit ?? 0 };
    },
  };
}

/** A connection that ends while it is being closed is closed. */
const orEnd = (closing: Promise<void>): Promise<void> => closing.catch(() => undefined);

/** Events of an AMQP connection after which it is of no use. */
const ENDINGS = ['disconnected', 'connection_error', 'connection_close', 'protocol_error', 'error'];

/** The members of the SDK, whose version is fixed, that its typings omit. */
type ConnectionInternals = {
  on: (event: string, listener: (context?: { error?: Error }) => void) => void;
  _connection: { socket?: { destroy: (error: Error) => void } };
};
type ReceiverInternals = {
  _streamingReceiver?: { link?: { isOpen: () => boolean; credit: number } };
};

function connectionOf(client: ServiceBusClient): ConnectionInternals {
  const internals = client as unknown as {
    _connectionContext: { connection: ConnectionInternals };
  };
  return internals._connectionContext.connection;
}
