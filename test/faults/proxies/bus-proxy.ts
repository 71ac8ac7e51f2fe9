import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createFrameCutter, DISPOSITION, TRANSFER, type Frame } from './amqp-frames';
import type { Proxy } from './http-proxy';
import type { Tap, Verdict } from './tap';

/**
 * A proxy for AMQP 1.0. Two things count as calls: a message handed to the app (`deliver`), and the app's word on it
 * (`settle`), whose answer is the bus's disposition. All other frames pass, as long as the connection does.
 */
export async function startBusProxy(tap: Tap): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let target = 0;
  const server = createServer((app) => {
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
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function join(tap: Tap, app: Socket, bus: Socket, end: () => void): void {
  /** What becomes of the next disposition of the bus: the answer to a settlement that was let through. */
  let lost: Verdict | undefined;
  const passed =
    (to: Socket) =>
    ({ bytes }: Frame): void =>
      void to.write(bytes);

  const fromApp = pipe(passed(bus), (frame, verdict) => {
    if (frame.performative !== DISPOSITION) return undefined;
    const settle = verdict();
    if (settle === undefined || settle.kind === 'cut-before' || settle.kind === 'delay')
      return settle;
    lost = settle;
    return undefined;
  });
  const fromBus = pipe(passed(app), (frame, verdict) => {
    if (frame.performative === TRANSFER) return verdict();
    if (frame.performative !== DISPOSITION || lost === undefined) return undefined;
    return { kind: 'cut-before', now: lost.now ?? (() => undefined) };
  });

  function pipe(
    pass: (frame: Frame) => void,
    judge: (frame: Frame, verdict: () => Verdict | undefined) => Verdict | undefined,
  ): (frame: Frame) => void {
    let queue: Promise<void> | undefined;
    const act = (frame: Frame, verdict: Verdict | undefined): void => {
      if (verdict === undefined || verdict.kind === 'delay') {
        pass(frame);
        return;
      }
      if (verdict.kind !== 'cut-before') pass(frame);
      verdict.now?.();
      end();
    };
    return (frame) => {
      const what = frame.performative === TRANSFER ? 'deliver' : 'settle';
      const verdict = judge(frame, () => tap.see('bus', what));
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
