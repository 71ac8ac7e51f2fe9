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
  stop: () => Promise<void>;
};

type Answer = { status: number; headers: string[]; body: Buffer };

const PAGE = '<html><body><h1>502 Bad Gateway</h1></body></html>';

/** A proxy for HTTP/1.1 that takes each request whole, forwards it, and passes the whole answer on, if the tap lets it. */
export async function startHttpProxy(to: Dependency, tap: Tap): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true });
  let target = 0;
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
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lead: (port) => (target = port),
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
      outgoing.writeHead(502, { 'Content-Type': 'text/html' }).end(PAGE);
      return;
    default:
      outgoing.writeHead(answer.status, withoutFraming(answer.headers)).end(answer.body);
  }
}

/** The body is passed on whole, so its length is ours to say. */
function withoutFraming(headers: string[]): string[] {
  return headers.filter(
    (_, at) => !/^(transfer-encoding|connection)$/i.test(headers[at & ~1] ?? ''),
  );
}

async function wholeOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
