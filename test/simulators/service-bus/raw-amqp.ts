import { once, type EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import {
  create_container,
  generate_uuid,
  types,
  type Connection,
  type Delivery,
  type EventContext,
  type Message,
  type Sender,
} from 'rhea';

type Credentials = { mechanism: 'MSSBCBS' } | { user: string; password: string };
type Reply = { application_properties: Record<string, unknown>; body: unknown };

/** An AMQP client without the SDK: requests, plain links, and frames that the SDK never sends. */
export type Amqp = {
  request: (address: string, message: object) => Promise<Reply>;
  /** Sends bytes as they are, all in one packet; answers `accepted` or the words of the rejection for each. */
  sendTogether: (address: string, messages: Buffer[]) => Promise<string[]>;
  attachCoordinator: () => Promise<void>;
  close: () => Promise<void>;
};

/** Opens a connection; rejects if the peer refuses the credentials. */
export async function openAmqp(port: number, credentials?: Credentials): Promise<Amqp> {
  const connection = create_container().connect({
    host: '127.0.0.1',
    port,
    reconnect: false,
    ...optionsFor(credentials),
  });
  connection.on('disconnected', () => undefined);
  await firstOf(connection, 'connection_open', 'connection_error');
  return {
    request: (address, message) => request(connection, address, message),
    sendTogether: (address, messages) => sendTogether(connection, address, messages),
    attachCoordinator: () => attachCoordinator(connection),
    async close() {
      const closed = once(connection, 'connection_close');
      connection.close();
      await closed;
    },
  };
}

function optionsFor(credentials: Credentials | undefined): object {
  if (!credentials) return { username: 'anybody' };
  if ('user' in credentials) {
    return { username: credentials.user, password: credentials.password };
  }
  const start = (answer: (error: undefined, response: string) => void): void =>
    answer(undefined, '');
  return { sasl_mechanisms: { [credentials.mechanism]: () => ({ start }) } };
}

async function request(connection: Connection, address: string, message: object): Promise<Reply> {
  const replyTo = generate_uuid();
  const receiver = connection.open_receiver({
    name: replyTo,
    source: { address },
    target: { address: replyTo },
  });
  await firstOf(receiver, 'receiver_open', 'receiver_error');
  const sender = await openSender(connection, { address });
  const answered = firstOf(receiver, 'message', 'receiver_close');
  sender.send({ message_id: generate_uuid(), reply_to: replyTo, ...message } as unknown as Message);
  const { message: reply } = await answered;
  receiver.close();
  sender.close();
  return reply as unknown as Reply;
}

async function sendTogether(
  connection: Connection,
  address: string,
  messages: Buffer[],
): Promise<string[]> {
  const sender = await openSender(connection, { address });
  const socket = connection['socket'] as Socket;
  socket.cork();
  const sent = messages.map((bytes) => sender.send(bytes, undefined, 0));
  setImmediate(() => socket.uncork());
  return Promise.all(sent.map((delivery) => outcomeOf(sender, delivery)));
}

function outcomeOf(sender: Sender, delivery: Delivery): Promise<string> {
  return new Promise((resolve) => {
    sender.on('settled', ({ delivery: settled }: EventContext) => {
      if (settled?.id !== delivery.id) return;
      const error = settled.remote_state?.['error'] as { description: string } | undefined;
      resolve(error?.description ?? 'accepted');
    });
  });
}

/** A link to the transaction coordinator, whose target is a coordinator instead of an address (AMQP 1.0, part 4). */
async function attachCoordinator(connection: Connection): Promise<void> {
  const sender = connection.open_sender({ target: {} });
  const { local } = sender as unknown as { local: { attach: { target: unknown } } };
  const coordinator = types as unknown as {
    described: (descriptor: unknown, value: unknown) => unknown;
  };
  local.attach.target = coordinator.described(types.wrap_ulong(0x30), types.wrap_list([]));
  await firstOf(sender, 'accepted', 'sender_error');
}

async function openSender(connection: Connection, target: { address: string }): Promise<Sender> {
  const sender = connection.open_sender({ target });
  await firstOf(sender, 'sendable', 'sender_error');
  return sender;
}

/** The context of the first of two events; rejects with its error if it is `failure`. */
function firstOf(emitter: EventEmitter, success: string, failure: string): Promise<EventContext> {
  return new Promise((resolve, reject) => {
    emitter.once(success, resolve);
    emitter.once(failure, ({ error, sender, receiver }: EventContext) => {
      const cause = (error ?? sender?.error ?? receiver?.error) as
        { description?: string; message?: string } | undefined;
      reject(new Error(cause?.description ?? cause?.message ?? failure));
    });
  });
}
