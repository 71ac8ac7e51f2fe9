import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { PAGE, type Proxy } from './http-proxy';
import type { Interception, Tap } from './tap';

/**
 * A proxy for AMQP 1.0. Four frames count as calls: the delivery of a message to the app (`deliver`), the app's settlement
 * of it (`settle`), which the bus answers with a disposition, the bus's answer to a token (`authorize`), once per link, and
 * its answer to a request for management (`manage`). All other frames pass while the connection is open.
 */
export async function startBusProxy(tap: Tap): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let target = 0;
  let isDown = false;
  const cutAll = (): void => sockets.forEach((socket) => socket.destroy());
  const server = createServer((app) => {
    if (isDown) {
      app.destroy();
      return;
    }
    const bus = connect(target, '127.0.0.1');
    const pair = [app, bus];
    const end = (): void => pair.forEach((socket) => socket.destroy());
    for (const socket of pair) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    join(tap, app, bus, end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    forwardTo: (port) => (target = port),
    setDown: (down) => {
      isDown = down;
      if (isDown) cutAll();
    },
    stop: async () => {
      server.close();
      cutAll();
      await once(server, 'close');
    },
  };
}

function join(tap: Tap, app: Socket, bus: Socket, end: () => void): void {
  /** The fault for the next disposition from the bus: the answer to a settlement that was let through. */
  let onAnswer: Interception | undefined;
  let isSilent = false;

  const fromApp = pipe(bus, (frame, recorded) => {
    if (frame.performative !== DISPOSITION) return undefined;
    const fault = recorded();
    if (fault === undefined || STOPS_SETTLEMENT.has(fault.kind)) return fault;
    onAnswer = fault;
    return undefined;
  });
  const fromBus = pipe(app, (frame, recorded) => {
    if (frame.performative === TRANSFER) return recorded();
    if (frame.performative !== DISPOSITION || onAnswer === undefined) return undefined;
    // The settlement is carried out. To lose its whole answer, the frame that answers it is stopped.
    return onAnswer.kind === 'cut-after' ? { ...onAnswer, kind: 'cut-before' } : onAnswer;
  });

  function pipe(
    to: Socket,
    faultOf: (frame: Frame, recorded: () => Interception | undefined) => Interception | undefined,
  ): (frame: Frame) => void {
    let queue: Promise<void> | undefined;
    const forward = ({ bytes }: Frame, fault: Interception | undefined): void => {
      if (fault?.kind === 'silence') {
        isSilent = true;
        fault.onFault?.();
      }
      if (isSilent) return;
      if (fault === undefined || fault.kind === 'delay') {
        to.write(bytes);
        return;
      }
      fault.onFault?.();
      to.write(lastBytes(bytes, fault), end);
    };
    return (frame) => {
      const fault = faultOf(frame, () => tap.record('bus', callIn(frame)));
      if (fault?.kind !== 'delay' && queue === undefined) {
        forward(frame, fault);
        return;
      }
      // A delayed frame delays all that follow it: a stream keeps its order.
      const ms = fault?.kind === 'delay' ? fault.ms : 0;
      const mine: Promise<void> = (queue ?? Promise.resolve())
        .then(() => new Promise((resolve) => setTimeout(resolve, ms)))
        .then(() => {
          forward(frame, fault);
          if (queue === mine) queue = undefined;
        });
      queue = mine;
    };
  }

  const splitApp = createFrameSplitter();
  const splitBus = createFrameSplitter();
  app.on('data', (chunk) => splitApp(chunk).forEach(fromApp));
  bus.on('data', (chunk) => splitBus(chunk).forEach(fromBus));
}

/** Answers to a token and to a request for management are transfers too; each has a property that no message here has. */
function callIn({ performative, bytes }: Frame): 'deliver' | 'settle' | 'authorize' | 'manage' {
  if (performative !== TRANSFER) return 'settle';
  if (bytes.includes('statusCode')) return 'manage';
  return bytes.includes('status-code') ? 'authorize' : 'deliver';
}

/** Faults that keep a settlement from the bus, or let it through later. */
const STOPS_SETTLEMENT = new Set<Interception['kind']>(['cut-before', 'delay', 'silence']);

/** What still passes before the connection ends: the frame, half of it, nothing, or bytes that are not AMQP. */
function lastBytes(frame: Buffer, { kind }: Interception): Buffer {
  if (kind === 'cut-before') return Buffer.alloc(0);
  if (kind === 'cut-after') return frame;
  return kind === 'truncate' ? frame.subarray(0, frame.length / 2) : Buffer.from(PAGE);
}

/** A frame of AMQP 1.0. `performative` is `undefined` for protocol headers and SASL frames. */
type Frame = { bytes: Buffer; performative: number | undefined };

/** The performatives that concern a message (AMQP 1.0 part 2, 2.7.5 and 2.7.6). */
const TRANSFER = 0x14;
const DISPOSITION = 0x15;

const AMQP_TYPE = 0;

/** Splits a stream into frames: 4 bytes of size, 1 of data offset in words, 1 of type, 2 of channel, then the performative. */
function createFrameSplitter(): (chunk: Buffer) => Frame[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const isHeader = rest.subarray(0, 4).toString('latin1') === 'AMQP';
      const size = isHeader ? 8 : rest.length >= 8 ? rest.readUInt32BE(0) : Infinity;
      if (rest.length < Math.max(size, 8)) return frames;
      const bytes = rest.subarray(0, size);
      rest = rest.subarray(size);
      frames.push({ bytes, performative: isHeader ? undefined : performativeOf(bytes) });
    }
  };
}

/** A described list: 0x00, then the descriptor as smallulong (0x53) and its one byte. An empty frame is a heartbeat. */
function performativeOf(frame: Buffer): number | undefined {
  const at = (frame[4] ?? 0) * 4;
  const isDescribed = frame[5] === AMQP_TYPE && frame[at] === 0x00 && frame[at + 1] === 0x53;
  return isDescribed ? frame[at + 2] : undefined;
}
