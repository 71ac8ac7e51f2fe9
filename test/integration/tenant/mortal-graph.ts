import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export type MortalGraph = {
  url: string;
  /** From the n-th write on, all is refused and nothing happens; `after` lets that write happen first. Lives until then. */
  dieAt: (write: number, when: 'before' | 'after') => void;
  isDead: () => boolean;
  stop: () => Promise<void>;
};

/**
 * A way to the simulator that ends at one write: what comes through it is what a caller killed there would have sent. The
 * refusals are of a kind that nobody waits out.
 */
export async function startMortalGraph(target: string): Promise<MortalGraph> {
  let writes = 0;
  let last = { write: Infinity, when: 'before' };
  let dead = false;

  const server = createServer((message, response) => {
    if (message.method !== 'GET' && !dead) writes += 1;
    const dying = writes >= last.write;
    if (dead || (dying && last.when === 'before')) {
      dead = true;
      message.resume();
      refuse(response);
      return;
    }
    dead = dying;
    forward(target, message, response, dying);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    dieAt: (write, when) => {
      writes = 0;
      dead = false;
      last = { write, when };
    },
    isDead: () => dead,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** `lost` lets the call happen and its answer vanish. */
function forward(
  target: string,
  message: IncomingMessage,
  response: ServerResponse,
  lost: boolean,
): void {
  const { method, headers, url = '/' } = message;
  const outgoing = request(new URL(url, target), { method, headers }, (answer) => {
    if (lost) answer.resume().once('end', () => refuse(response));
    else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
  });
  outgoing.once('error', () => message.socket.destroy());
  message.pipe(outgoing);
}

const refuse = (response: ServerResponse): void => {
  response.writeHead(401, { 'Content-Type': 'application/json' });
  response.end('{"error":{"code":"Dead","message":"This way has ended."}}');
};
