import { createHash } from 'node:crypto';
import type { Disturbance } from '../faults';
import type { LoggedRequest, RawRequest } from '../request-log';
import type { Received } from './received';
import type { Reply, RequestIds } from './reply';

/** What became of a call; absent if it was never carried out. */
export type Outcome = { reply: Reply; code?: string; created?: string };

/** What the log keeps of a call. */
export function entryOf(
  received: Received,
  { requestId, clientRequestId }: RequestIds,
  n: number,
  outcome: Outcome | undefined,
  fault: Disturbance | undefined,
): LoggedRequest {
  const { method, path, search, body } = received;
  return {
    n,
    at: new Date().toISOString(),
    method,
    path,
    query: search,
    status: outcome?.reply.status ?? null,
    ...(outcome?.code === undefined ? {} : { code: outcome.code }),
    ...(outcome?.created === undefined ? {} : { created: outcome.created }),
    clientRequestId,
    requestId,
    ...(body.length === 0 ? {} : { bodyHash: createHash('sha256').update(body).digest('hex') }),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** The bytes of a call, but for its token. */
export function rawOf({ rawHeaders, body }: Received): Omit<RawRequest, 'n'> {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const secret = name.toLowerCase() === 'authorization';
    headers.push([name, secret ? hidden(rawHeaders[at + 1] ?? '') : (rawHeaders[at + 1] ?? '')]);
  }
  return { headers, body: body.toString('utf8') };
}

/** Keeps the scheme of an Authorization header and hides the token. */
const hidden = (value: string): string => `${value.split(' ')[0] ?? ''} (hidden)`;
