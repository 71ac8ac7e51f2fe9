import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type Connection, type Container, create_container, type EventContext } from 'rhea';
import { type Broker, serveLinks } from './attach';
import { KEY, KEY_NAME } from './claims';
import { connectionInternals } from './rhea-internals';

const LOOPBACK = '127.0.0.1';
/** Any message format but 0: rhea decodes format 0 and drops the bytes, which must be stored unchanged. */
const OPAQUE_FORMAT = 0x7fff0000;

const TLS_HANDSHAKE = 0x16;
const HTTP_REQUEST = /^[A-Z]+ \//;

type Listener = { port: number; serve: (broker: Broker) => void; stop: () => Promise<void> };

/**
 * Listens on a port of the loopback interface (0 = a free one). Connections are served after `serve`, which must be called
 * in the same iteration of the event loop. Rejects with the system's error, for example EADDRINUSE.
 */
export async function listen(port: number): Promise<Listener> {
  const container = create_container({ id: 'sbemulatorns' });
  offerAuthentication(container);
  const server = container.listen({
    host: LOOPBACK,
    port,
    tcp_no_delay: true,
    max_frame_size: 64 * 1024,
    idle_time_out: 240_000,
    session_buffer_size: { outgoing: 32 * 1024, incoming: 8 * 1024 },
    receiver_options: { autoaccept: false, credit_window: 1000 },
    sender_options: { treat_modified_as_released: false },
  } as Parameters<typeof container.listen>[0]);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('data', (bytes: Buffer) => logForeignProtocol(bytes, socket.localPort));
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server, 'listening');
  logErrors(container);
  const connections = new Set<Connection>();
  return {
    port: (server.address() as AddressInfo).port,
    serve(broker) {
      container.on('connection_open', ({ connection }: EventContext) => {
        connections.add(connection);
        for (const end of ['connection_close', 'disconnected']) {
          connection.on(end, () => connections.delete(connection));
        }
        keepMessageBytes(connection);
        serveLinks(connection, broker);
      });
    },
    stop: () => closeServer(server, connections, sockets),
  };
}

/** A client only sees that its connection broke, so the log says what to change. */
function logForeignProtocol(bytes: Buffer, port = 0): void {
  const isTls = bytes[0] === TLS_HANDSHAKE;
  if (!isTls && !HTTP_REQUEST.test(bytes.toString('latin1'))) return;
  console.error(
    isTls
      ? `service-bus: a client spoke TLS to port ${port}, which has plain AMQP only: ` +
          'add UseDevelopmentEmulator=true to its connection string'
      : `service-bus: a client spoke HTTP to port ${port}, which has plain AMQP only: ` +
          'WebSockets and the administration API are not supported',
  );
}

function keepMessageBytes(connection: Connection): void {
  const internals = connectionInternals(connection);
  const forward = internals.on_transfer.bind(connection);
  internals.on_transfer = (frame) => {
    frame.performative.message_format ||= OPAQUE_FORMAT;
    forward(frame);
  };
}

function logErrors(container: ReturnType<typeof create_container>): void {
  const log = (what: string) => (error: unknown) => {
    console.error(
      `service-bus: ${what}: ${error instanceof Error ? error.message : String(error)}`,
    );
  };
  container.on('error', log('connection closed after an error'));
  container.on('protocol_error', log('connection closed after a protocol error'));
  // Clients report these errors themselves.
  const events = [
    'disconnected',
    'connection_error',
    'session_error',
    'receiver_error',
    'sender_error',
  ];
  for (const event of events) container.on(event, () => undefined);
}

const STOPPING = {
  condition: 'amqp:connection:forced',
  description: 'The local Service Bus is stopping.',
};
const CLOSE_TIMEOUT_MS = 500;

/** Closes every connection, so that clients reconnect later, and waits a short time for them to disconnect. */
async function closeServer(
  server: Server,
  connections: Set<Connection>,
  sockets: Set<Socket>,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const connection of connections) connection.close(STOPPING);
  const timeout = setTimeout(() => {
    // rhea drops the timers of a connection only on an error, not on a plain end.
    for (const socket of sockets) socket.destroy(new Error(STOPPING.description));
  }, CLOSE_TIMEOUT_MS);
  await closed;
  clearTimeout(timeout);
}

/** rhea's server-side SASL, which has no typings. */
type Mechanisms = {
  enable_anonymous: () => void;
  enable_plain: (check: (user: string, password: string) => boolean) => void;
} & Record<string, unknown>;

/**
 * Offers ANONYMOUS (which the JavaScript SDK picks), MSSBCBS (uAMQP and .NET) and PLAIN with the namespace's key. With
 * the first two, a client then authenticates with a token on `$cbs`.
 */
function offerAuthentication(container: Container): void {
  const mechanisms = container.sasl_server_mechanisms as Mechanisms;
  mechanisms.enable_anonymous();
  mechanisms.enable_plain((user, password) => user === KEY_NAME && password === KEY);
  mechanisms['MSSBCBS'] = () => {
    const mechanism: { outcome?: boolean; start: () => void } = {
      start: () => {
        mechanism.outcome = true;
      },
    };
    return mechanism;
  };
}
