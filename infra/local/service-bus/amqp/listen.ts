import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { create_container, type Connection, type EventContext } from 'rhea';
import { serveLinks, type Broker } from './attach';
import { offerAuthentication } from './authentication';
import { connectionInternals } from './rhea-internals';

const LOOPBACK = '127.0.0.1';
/** Any message format but 0: rhea decodes format 0 itself and drops the bytes, which must be kept as they came. */
const OPAQUE_FORMAT = 0x7fff0000;

export type Listener = { port: number; serve: (broker: Broker) => void; stop: () => Promise<void> };

/**
 * Takes a port on the loopback interface (0 = a free one). Nobody is served before `serve`, which must be called in the
 * same turn of the event loop. Rejects with the system's error, for example EADDRINUSE.
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
  // Clients come and go, and say why; that is theirs to report.
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
const LONGEST_GOODBYE = 500;

/** Tells the clients, which then connect again when they can, and waits a moment for them to hang up. */
async function closeServer(
  server: Server,
  connections: Set<Connection>,
  sockets: Set<Socket>,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const connection of connections) connection.close(STOPPING);
  const patience = setTimeout(() => {
    // An error, not a plain end, is what makes rhea drop the timers of the connection.
    for (const socket of sockets) socket.destroy(new Error(STOPPING.description));
  }, LONGEST_GOODBYE);
  await closed;
  clearTimeout(patience);
}
