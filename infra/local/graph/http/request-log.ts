import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './faults';
import type { Received } from './received';
import type { Reply, RequestIds } from './reply';

/** One call and its outcome. Headers and bodies are left out, because they may name people. */
export type LoggedRequest = {
  n: number;
  at: string;
  method: string;
  path: string;
  query: string;
  /** The status of the operation, even if the answer was lost. Null if the operation never happened. */
  status: number | null;
  code?: string;
  /** The Retry-After of an operation that was refused as throttled, in seconds. */
  retryAfter?: number;
  /** The id of the created object. */
  created?: string;
  clientRequestId?: string;
  requestId: string;
  /** SHA-256 of the body. Absent without a body. */
  bodyHash?: string;
  /** The fault that the schedule added. */
  fault?: unknown;
};

/** The bytes of a call as received, without the token. */
export type RawRequest = { n: number; headers: [string, string][]; body: string };

export type RequestLog = {
  /** The number of the next call. Numbers continue over restarts. */
  next: () => number;
  add: (entry: LoggedRequest, raw: Omit<RawRequest, 'n'>) => void;
  read: (after: number, raw: boolean) => object[];
  clear: () => void;
  close: () => void;
};

const rawKept = 2000;

/** Appends every call to `requests.jsonl` before the caller gets its answer. Keeps the bytes of the latest calls. */
export function openRequestLog(folder: string): RequestLog {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'requests.jsonl');
  const before = existsSync(file) ? entriesOf(readFileSync(file, 'utf8')) : [];
  let last = before.at(-1)?.n ?? 0;
  let handle = openSync(file, 'a');
  const raws = new Map<number, RawRequest>();
  return {
    next: () => (last += 1),
    add: (entry, raw) => {
      writeSync(handle, `${JSON.stringify(entry)}\n`);
      raws.set(entry.n, { n: entry.n, ...raw });
      raws.delete(entry.n - rawKept);
    },
    read: (after, withRaw) =>
      entriesOf(readFileSync(file, 'utf8'))
        .filter(({ n }) => n > after)
        .map((entry) => (withRaw ? { ...entry, raw: raws.get(entry.n) ?? null } : entry)),
    clear: () => {
      closeSync(handle);
      handle = openSync(file, 'w');
      raws.clear();
    },
    close: () => {
      closeSync(handle);
    },
  };
}

function entriesOf(text: string): LoggedRequest[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LoggedRequest);
}

/** The outcome of a call. Absent if the operation never happened. */
export type Outcome = { reply: Reply; code?: string; created?: string };

/** The log entry of a call. */
export function entryOf(
  received: Received,
  { requestId, clientRequestId }: RequestIds,
  n: number,
  outcome: Outcome | undefined,
  fault: Fault | undefined,
): LoggedRequest {
  const { method, path, search, body } = received;
  const retryAfter = outcome?.reply.headers['Retry-After'];
  return {
    n,
    at: new Date().toISOString(),
    method,
    path,
    query: search,
    status: outcome?.reply.status ?? null,
    ...(outcome?.code === undefined ? {} : { code: outcome.code }),
    ...(retryAfter === undefined ? {} : { retryAfter: Number(retryAfter) }),
    ...(outcome?.created === undefined ? {} : { created: outcome.created }),
    clientRequestId,
    requestId,
    ...(body.length === 0 ? {} : { bodyHash: createHash('sha256').update(body).digest('hex') }),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** The bytes of a call, without its token. */
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
