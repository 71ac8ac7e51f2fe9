import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Invocation, InvocationResult, Invoke } from '../app/invoke';
import { handleManagement, RPC_PATH, WEBHOOK_PATH } from '../durable/api/management-api';
import type { TaskHub } from '../durable/api/task-hub';
import type { Log } from '../log';
import { callFunction, type Route, streamToFunction } from './http-trigger';

/** Answers a request, or returns `false` for a path of another handler. */
export type Handler = (
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<boolean> | boolean;

type HttpServer = { origin: string; port: number; stop: () => Promise<void> };

/** Longer than clients keep an idle connection, so that the host closes none during a request. */
const KEEP_ALIVE = 75_000;

/**
 * Listens on loopback. Rejects with EADDRINUSE if the port is taken. Calls `handlers` for each request, because the address
 * must be known before the app is loaded.
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

function sendJson(
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

/** The start page, and the status endpoint of the host. */
export function hostPages(): Handler {
  return (url, _request, response) => {
    if (url.pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(
        'This is a local stand-in for the Azure Functions host, for development and tests.\n',
      );
      return true;
    }
    if (url.pathname !== '/admin/host/status') return false;
    sendJson(response, 200, { id: 'local-stand-in', state: 'Running', version: '4.0.0-local' });
    return true;
  };
}

/** The durable management API, under both of its paths. */
export function managementHandler(hub: TaskHub, origin: string, taskHubName: string): Handler {
  return async (url, request, response) => {
    const base = [RPC_PATH, WEBHOOK_PATH].find((path) => url.pathname.startsWith(`${path}/`));
    if (!base) return false;
    const reply = await handleManagement(
      { hub, origin, taskHubName },
      {
        method: request.method ?? 'GET',
        segments: url.pathname
          .slice(base.length)
          .split('/')
          .filter(Boolean)
          .map(decodeURIComponent),
        query: url.searchParams,
        headers: request.headers,
        body: await text(request),
        url: url.href,
      },
    );
    sendJson(response, reply.status, reply.body, reply.headers);
    return true;
  };
}

/** The app's own HTTP functions. */
export function functionsHandler(
  routes: readonly Route[],
  options: {
    invoke: Invoke;
    inputs: NonNullable<Invocation['inputs']>;
    streamUri: string | undefined;
    log: Log;
  },
): Handler {
  return async (url, request, response) => {
    for (const route of routes) {
      const parameters = route.match(url.pathname);
      if (!parameters || !route.methods.includes(request.method ?? 'GET')) continue;
      const call = { route, parameters, url, request, response };
      const began = performance.now();
      const result = options.streamUri
        ? await streamToFunction(call, options.streamUri, options.invoke, options.inputs)
        : await callFunction(call, options.invoke, options.inputs);
      report(result, route.entry.name, performance.now() - began, options.log);
      return true;
    }
    return false;
  };
}

function report(result: InvocationResult, name: string, milliseconds: number, log: Log): void {
  if (result.ok) log('information', `${name}: succeeded in ${Math.round(milliseconds)} ms`);
  else log('error', `${name}: failed: ${result.error.message}`);
}
