import { text } from 'node:stream/consumers';
import type { Invocation, InvocationResult, Invoke } from '../app/invoke';
import { RPC_PATH, WEBHOOK_PATH } from '../durable/api/client-binding';
import { handleManagement } from '../durable/api/management-api';
import type { TaskHub } from '../durable/api/task-hub';
import type { Log } from '../log';
import { callFunction, streamToFunction } from './http-trigger';
import type { Route } from './route';
import { sendJson, type Handler } from './server';

/** Says what this is to whoever opens it in a browser, and whether it runs to whoever asks. */
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

/** The durable management API under both of its names. */
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
  parts: {
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
      const result = parts.streamUri
        ? await streamToFunction(call, parts.streamUri, parts.invoke, parts.inputs)
        : await callFunction(call, parts.invoke, parts.inputs);
      report(result, route.entry.name, performance.now() - began, parts.log);
      return true;
    }
    return false;
  };
}

function report(result: InvocationResult, name: string, milliseconds: number, log: Log): void {
  if (result.ok) log('information', `${name}: succeeded in ${Math.round(milliseconds)} ms`);
  else log('error', `${name}: failed: ${result.error.message}`);
}
