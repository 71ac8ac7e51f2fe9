import type { IncomingMessage } from 'node:http';
import { bodyTooLarge, unreadableBody, wrongContentType } from '../errors';

const limitBytes = 1_048_576;

/** A request with its complete body, before any check. */
export type Received = {
  method: string;
  origin: string;
  path: string;
  query: URLSearchParams;
  search: string;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  body: Buffer;
};

/** Reads a request. Throws RequestEntityTooLarge for a body over 1 MiB. */
export async function receive(message: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) throw bodyTooLarge();
    chunks.push(chunk);
  }
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const search = mark === -1 ? '' : url.slice(mark + 1);
  return {
    method: message.method ?? 'GET',
    origin: `http://${message.headers.host ?? 'localhost'}`,
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(search),
    search,
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    body: Buffer.concat(chunks),
  };
}

/** The body as JSON, or undefined without a body. */
export function jsonOf({ body, headers }: Received): unknown {
  if (body.length === 0) return undefined;
  const type = headers['content-type'] ?? '';
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) throw wrongContentType(type);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw unreadableBody();
  }
}
