import type { ServerResponse } from 'node:http';
import type { Refusal } from '../errors';
import type { Answer } from './routes';

/** An HTTP response. */
export type Reply = {
  status: number;
  headers: Record<string, string>;
  body: string | undefined;
};

/** The two ids in every response of Graph. */
export type RequestIds = { requestId: string; clientRequestId: string };

const json =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';

export function replyOf(answer: Answer, ids: RequestIds): Reply {
  const body = answer.body === undefined ? undefined : JSON.stringify(answer.body);
  return {
    status: answer.status,
    headers: { ...idHeaders(ids), ...(body === undefined ? {} : { 'Content-Type': json }) },
    body,
  };
}

/** The error envelope. docs: https://learn.microsoft.com/graph/errors */
export function refusalReply(refusal: Refusal, ids: RequestIds): Reply {
  const { status, code, message, details, retryAfter } = refusal;
  const innerError = {
    date: new Date().toISOString().slice(0, 19),
    'request-id': ids.requestId,
    'client-request-id': ids.clientRequestId,
  };
  return {
    status,
    headers: {
      ...idHeaders(ids),
      'Content-Type': json,
      ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
    },
    body: JSON.stringify({ error: { code, message, details, innerError } }),
  };
}

/** The response of a gateway that cannot reach the service. */
export function gatewayReply(ids: RequestIds): Reply {
  return {
    status: 502,
    headers: { ...idHeaders(ids), 'Content-Type': 'text/html' },
    body: '<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>',
  };
}

const idHeaders = ({ requestId, clientRequestId }: RequestIds): Record<string, string> => ({
  'request-id': requestId,
  'client-request-id': clientRequestId,
});

export function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  // HTTP forbids a length beside 204 (RFC 9110, 8.6).
  const withLength = status === 204 ? headers : { ...headers, 'Content-Length': length };
  response.writeHead(status, withLength);
  response.end(body);
}

/** Refuses a call whose body was not read to its end, and closes the connection, which cannot be reused. */
export function refuseUnread(response: ServerResponse, refusal: Refusal): void {
  const { status, headers, body } = refusalReply(refusal, { requestId: '', clientRequestId: '' });
  response.writeHead(status, { ...headers, Connection: 'close' });
  response.end(body, () => response.destroy());
}

/** Announces the full body, sends half of it and closes the connection. */
export function sendHalf(response: ServerResponse, { status, headers, body = '' }: Reply): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'Content-Length': bytes.length });
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
}
