import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dependency, Interception, Tap } from './tap';

/** A proxy between the app and one of its dependencies. */
export type Proxy = {
  port: number;
  /** Sets the port of the dependency. Call it before the first request. */
  forwardTo: (port: number) => void;
  /** Sets whether the dependency is down: then open and new connections are cut. */
  setDown: (isDown: boolean) => void;
  stop: () => Promise<void>;
};

type Answer = { status: number; headers: string[]; body: Buffer };

/** What a gateway answers in place of the dependency. */
export const PAGE = '<html><body><h1>Please sign in</h1></body></html>';

/** A proxy for HTTP/1.1 that reads a whole request, forwards it and returns the whole answer, unless the tap orders a fault. */
export async function startHttpProxy(to: Dependency, tap: Tap): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true });
  let target = 0;
  let isDown = false;
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const { method = '', url = '' } = incoming;
    const fault = tap.record(to, `${method} ${url.split('?')[0] ?? ''}`);
    if (fault?.kind === 'delay') await wait(fault.ms);
    if (fault?.kind === 'silence') {
      fault.onFault?.();
      return;
    }
    if (fault?.kind === 'cut-before') {
      fault.onFault?.();
      outgoing.destroy();
      return;
    }
    if (fault?.kind === 'refuse') {
      fault.onFault?.();
      outgoing.writeHead(fault.status, { 'Content-Type': 'application/json' });
      outgoing.end(JSON.stringify(fault.body));
      return;
    }
    reply(outgoing, await forward(incoming, body, { agent, port: target }), fault);
  };
  server.on('connection', (socket) => isDown && socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    forwardTo: (port) => (target = port),
    setDown: (down) => {
      isDown = down;
      if (isDown) server.closeAllConnections();
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

async function forward(
  { method, url, rawHeaders }: IncomingMessage,
  body: Buffer,
  { agent, port }: { agent: Agent; port: number },
): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, method, path: url, headers: rawHeaders, agent });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return {
    status: answer.statusCode ?? 502,
    headers: answer.rawHeaders,
    body: await bodyOf(answer),
  };
}

function reply(outgoing: ServerResponse, answer: Answer, fault: Interception | undefined): void {
  fault?.onFault?.();
  switch (fault?.kind) {
    case 'cut-after':
      outgoing.destroy();
      return;
    case 'truncate':
      outgoing.writeHead(answer.status, { 'Content-Length': answer.body.length + 1 });
      outgoing.write(answer.body.subarray(0, answer.body.length / 2), () => outgoing.destroy());
      return;
    case 'gateway-page':
    case 'login-page':
      outgoing.writeHead(fault.kind === 'login-page' ? 200 : 502, {
        'Content-Type': 'text/html',
      });
      outgoing.end(PAGE);
      return;
    default:
      outgoing.writeHead(answer.status, headersOf(answer, fault)).end(answer.body);
  }
}

/** The headers without those of the framing, which Node sets anew for the whole body. */
function headersOf({ headers }: Answer, fault: Interception | undefined): string[] {
  const isWrong = fault?.kind === 'wrong-type';
  const dropped = isWrong ? /^(transfer-encoding|connection|content-type)$/i : FRAMING;
  const kept = headers.filter((_, at) => !dropped.test(headers[at & ~1] ?? ''));
  return isWrong ? [...kept, 'Content-Type', 'text/plain'] : kept;
}

const FRAMING = /^(transfer-encoding|connection)$/i;

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
