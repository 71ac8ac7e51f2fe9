import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createFrameCutter, DISPOSITION, TRANSFER, type Frame } from './amqp-frames';
import { PAGE, type Proxy } from './http-proxy';
import type { Tap, Verdict } from './tap';

/**
 * A proxy for AMQP 1.0. Three things count as calls: a message handed to the app (`deliver`), the app's word on it
 * (`settle`), whose answer is the bus's disposition, and the bus's word on the app's token (`authorize`), which comes once
 * per connection. All other frames pass, as long as the connection does.
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
    lead: (port) => (target = port),
    down: (now) => {
      isDown = now;
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
  /** What becomes of the next disposition of the bus: the answer to a settlement that was let through. */
  let lost: Verdict | undefined;

  const fromApp = pipe(bus, (frame, verdict) => {
    if (frame.performative !== DISPOSITION) return undefined;
    const settle = verdict();
    if (settle === undefined || settle.kind === 'cut-before' || settle.kind === 'delay')
      return settle;
    lost = settle;
    return undefined;
  });
  const fromBus = pipe(app, (frame, verdict) => {
    if (frame.performative === TRANSFER) return verdict();
    if (frame.performative !== DISPOSITION || lost === undefined) return undefined;
    // The settlement is done: to lose its answer whole is to stop the frame that answers it.
    return lost.kind === 'cut-after' ? { ...lost, kind: 'cut-before' } : lost;
  });

  function pipe(
    to: Socket,
    judge: (frame: Frame, verdict: () => Verdict | undefined) => Verdict | undefined,
  ): (frame: Frame) => void {
    let queue: Promise<void> | undefined;
    const act = ({ bytes }: Frame, verdict: Verdict | undefined): void => {
      if (verdict === undefined || verdict.kind === 'delay') {
        to.write(bytes);
        return;
      }
      verdict.now?.();
      to.write(lastBytes(bytes, verdict), end);
    };
    return (frame) => {
      const verdict = judge(frame, () => tap.see('bus', whatOf(frame)));
      if (verdict?.kind !== 'delay' && queue === undefined) {
        act(frame, verdict);
        return;
      }
      // What waits keeps all that follows it waiting: a stream has one order.
      const ms = verdict?.kind === 'delay' ? verdict.ms : 0;
      const mine: Promise<void> = (queue ?? Promise.resolve())
        .then(() => new Promise((resolve) => setTimeout(resolve, ms)))
        .then(() => {
          act(frame, verdict);
          if (queue === mine) queue = undefined;
        });
      queue = mine;
    };
  }

  const cutApp = createFrameCutter();
  const cutBus = createFrameCutter();
  app.on('data', (chunk) => cutApp(chunk).forEach(fromApp));
  bus.on('data', (chunk) => cutBus(chunk).forEach(fromBus));
}

/** The answer to a token is a transfer too, told from a message by the property that claims-based security gives it. */
function whatOf({ performative, bytes }: Frame): 'deliver' | 'settle' | 'authorize' {
  if (performative !== TRANSFER) return 'settle';
  return bytes.includes('status-code') ? 'authorize' : 'deliver';
}

/** What still passes before the connection ends: the frame, half of it, nothing, or what is no AMQP. */
function lastBytes(frame: Buffer, { kind }: Verdict): Buffer {
  if (kind === 'cut-before') return Buffer.alloc(0);
  if (kind === 'cut-after') return frame;
  return kind === 'truncate' ? frame.subarray(0, frame.length / 2) : Buffer.from(PAGE);
}
