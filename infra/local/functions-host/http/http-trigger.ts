import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request as forward, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AppFunction } from '../app/function-table';
import type { Invocation, InvocationResult, Invoke } from '../app/invoke';
import type { HttpCookie, HttpData, TypedData } from '../app/worker-types';

type HttpCall = {
  route: Route;
  parameters: Record<string, string>;
  url: URL;
  request: IncomingMessage;
  response: ServerResponse;
};

/** Calls a function with a request and writes its response. */
export async function callFunction(
  call: HttpCall,
  invoke: Invoke,
  inputs: NonNullable<Invocation['inputs']>,
): Promise<InvocationResult> {
  const { route, parameters, url, request, response } = call;
  const bytes = await buffer(request);
  const http: HttpData = {
    method: request.method ?? 'GET',
    url: url.href,
    nullableHeaders: nullable(headersOf(request)),
    nullableQuery: nullable(Object.fromEntries(url.searchParams)),
    nullableParams: nullable(parameters),
    ...(bytes.length > 0 ? { body: { bytes } } : {}),
  };
  const traceParent = headersOf(request)['traceparent'] ?? '';
  const result = await invoke(route.entry.name, { trigger: { http }, inputs, traceParent });
  if (result.ok) answer(response, result.response.returnValue?.http);
  else response.writeHead(500).end();
  return result;
}

/**
 * The same for an app with HTTP streaming: the request is forwarded to the app's own server at `streamUri`, with the id of
 * the invocation.
 */
export async function streamToFunction(
  { route, parameters, url, request, response }: HttpCall,
  streamUri: string,
  invoke: Invoke,
  inputs: NonNullable<Invocation['inputs']>,
): Promise<InvocationResult> {
  const invocationId = randomUUID();
  const headers = {
    ...request.headers,
    'x-ms-invocation-id': invocationId,
    'x-forwarded-host': request.headers.host,
    'x-forwarded-proto': 'http',
  };
  const target = new URL(url.pathname + url.search, streamUri);
  const forwarded = forward(target, { method: request.method, headers }, (answered) => {
    const answeredHeaders = { ...answered.headers };
    delete answeredHeaders['x-ms-invocation-id'];
    response.writeHead(answered.statusCode ?? 502, answeredHeaders);
    answered.pipe(response);
  });
  forwarded.on('error', () => response.headersSent || response.writeHead(502).end());
  request.pipe(forwarded);
  const metadata: Record<string, TypedData> = {
    Headers: { json: JSON.stringify(request.headers) },
  };
  for (const [name, value] of Object.entries(parameters)) metadata[name] = { string: value };
  const result = await invoke(route.entry.name, {
    trigger: { http: {} },
    inputs,
    metadata,
    invocationId,
  });
  if (!result.ok) {
    forwarded.destroy();
    if (!response.headersSent) response.writeHead(500).end();
  }
  return result;
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function nullable(values: Record<string, string>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

function answer(response: ServerResponse, http: HttpData | undefined): void {
  if (!http) {
    response.writeHead(204).end();
    return;
  }
  for (const [name, value] of Object.entries(http.headers ?? {})) response.setHeader(name, value);
  if (http.cookies?.length) response.setHeader('set-cookie', http.cookies.map(setCookie));
  response.statusCode = Number(http.statusCode ?? 200);
  response.end(http.body?.bytes ?? http.body?.string);
}

/** In the protocol, `none` means unset. */
const sameSites: Record<string, string> = {
  lax: 'SameSite=Lax',
  strict: 'SameSite=Strict',
  explicitNone: 'SameSite=None',
};

function setCookie(cookie: HttpCookie): string {
  const { name, value, domain, path, expires, maxAge, secure, httpOnly, sameSite } = cookie;
  const seconds = expires?.value?.seconds;
  const attributes = [
    `${name}=${encodeURIComponent(value)}`,
    domain?.value && `Domain=${domain.value}`,
    path?.value && `Path=${path.value}`,
    seconds !== undefined && `Expires=${new Date(seconds * 1000).toUTCString()}`,
    maxAge?.value !== undefined && `Max-Age=${maxAge.value}`,
    secure?.value && 'Secure',
    httpOnly?.value && 'HttpOnly',
    sameSite && sameSites[sameSite],
  ];
  return attributes.filter(Boolean).join('; ');
}

export type Route = {
  entry: AppFunction;
  methods: readonly string[];
  /** As func prints it: `/api/health/live`. */
  path: string;
  /** The decoded parameters, or undefined for a path of another route. */
  match: (path: string) => Record<string, string> | undefined;
};

const parameter = /^\{(\*?)(\w+)(?::[^}?]*)?(\?)?\}$/;

/** The route of an HTTP function: `{name}`, `{name?}`, `{*rest}`; constraints after a colon are not checked. */
export function httpRoute(entry: AppFunction, prefix: string): Route {
  const { route = entry.name, methods = ['GET', 'POST'] } = entry.trigger as {
    route?: string;
    methods?: string[];
  };
  const segments = [prefix, route].flatMap((part) => part.split('/')).filter(Boolean);
  const names: string[] = [];
  const pattern = segments.map((segment) => segmentPattern(segment, names)).join('');
  const match = new RegExp(`^${pattern}/?$`, 'i');
  return {
    entry,
    methods: methods.map((method) => method.toUpperCase()),
    path: `/${segments.join('/')}`,
    match(path) {
      const values = match.exec(path)?.slice(1);
      if (!values) return undefined;
      const given = names.map((name, i) => [name, values[i]] as const);
      return Object.fromEntries(
        given.flatMap(([name, value]) => (value ? [[name, decodeURIComponent(value)]] : [])),
      );
    },
  };
}

function segmentPattern(segment: string, names: string[]): string {
  const [match, rest, name, optional] = parameter.exec(segment) ?? [];
  if (match === undefined || name === undefined) {
    return `/${segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
  }
  names.push(name);
  if (rest) return '(?:/(.*))?';
  return optional ? '(?:/([^/]+))?' : '/([^/]+)';
}
