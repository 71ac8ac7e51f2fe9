import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../log';

/** Answers a request, or says `false` when the path is not its own. */
export type Handler = (
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<boolean> | boolean;

export type HttpServer = { origin: string; port: number; stop: () => Promise<void> };

/** Longer than clients keep an idle connection, so that none is closed under a request. */
const KEEP_ALIVE = 75_000;

/**
 * Listens on loopback. Rejects with EADDRINUSE when the port is taken. `handlers` is asked anew for each request, so
 * that the address can be known before the app is loaded.
 */
export async function listen(
  port: number,
  handlers: () => readonly Handler[],
  log: Log,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    serve(handlers(), request, response).catch((error: unknown) => {
      log('error', `http: ${String(error)}`);
      if (!response.headersSent) sendJson(response, 500, { Message: 'Something went wrong.' });
      else response.destroy();
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  await bind(server, port);
  const address = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${address.port}`,
    port: address.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (body === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

async function serve(
  handlers: readonly Handler[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (handlers.length === 0) {
    sendJson(response, 503, { Message: 'The host is starting.' }, { 'retry-after': '1' });
    return;
  }
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  for (const handler of handlers) {
    if (await handler(url, request, response)) return;
  }
  response.writeHead(404).end();
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
