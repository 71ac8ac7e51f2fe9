import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dependency, Tap, Verdict } from './tap';

/** Stands between the app and one of its dependencies. */
export type Proxy = {
  port: number;
  /** Where the dependency is; nothing is forwarded before this is known. */
  lead: (port: number) => void;
  /** Whether the dependency is down: connections are cut, and new ones are cut when they come. */
  down: (isDown: boolean) => void;
  stop: () => Promise<void>;
};

type Answer = { status: number; headers: string[]; body: Buffer };

/** What some gateway says in place of the answer. */
export const PAGE = '<html><body><h1>Please sign in</h1></body></html>';

/** A proxy for HTTP/1.1 that takes each request whole, forwards it, and passes the whole answer on, if the tap lets it. */
export async function startHttpProxy(to: Dependency, tap: Tap): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true });
  let target = 0;
  let isDown = false;
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await wholeOf(incoming);
    const { method = '', url = '' } = incoming;
    const verdict = tap.see(to, `${method} ${url.split('?')[0] ?? ''}`);
    if (verdict?.kind === 'delay') await wait(verdict.ms);
    if (verdict?.kind === 'cut-before') {
      verdict.now?.();
      outgoing.destroy();
      return;
    }
    reply(outgoing, await forward(incoming, body, { agent, port: target }), verdict);
  };
  server.on('connection', (socket) => isDown && socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lead: (port) => (target = port),
    down: (now) => {
      isDown = now;
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
    body: await wholeOf(answer),
  };
}

function reply(outgoing: ServerResponse, answer: Answer, verdict: Verdict | undefined): void {
  verdict?.now?.();
  switch (verdict?.kind) {
    case 'cut-after':
      outgoing.destroy();
      return;
    case 'truncate':
      outgoing.writeHead(answer.status, { 'Content-Length': answer.body.length + 1 });
      outgoing.write(answer.body.subarray(0, answer.body.length / 2), () => outgoing.destroy());
      return;
    case 'gateway-page':
    case 'login-page':
      outgoing.writeHead(verdict.kind === 'login-page' ? 200 : 502, {
        'Content-Type': 'text/html',
      });
      outgoing.end(PAGE);
      return;
    default:
      outgoing.writeHead(answer.status, headersOf(answer, verdict)).end(answer.body);
  }
}

/** The body is passed on whole, so its length is ours to say. */
function headersOf({ headers }: Answer, verdict: Verdict | undefined): string[] {
  const isWrong = verdict?.kind === 'wrong-type';
  const ours = isWrong ? /^(transfer-encoding|connection|content-type)$/i : FRAMING;
  const kept = headers.filter((_, at) => !ours.test(headers[at & ~1] ?? ''));
  return isWrong ? [...kept, 'Content-Type', 'text/plain'] : kept;
}

const FRAMING = /^(transfer-encoding|connection)$/i;

async function wholeOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
