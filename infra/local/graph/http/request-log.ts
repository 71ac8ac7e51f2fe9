import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Disturbance } from './faults';
import type { Received } from './received';
import type { Reply, RequestIds } from './reply';

/** One call: what was asked and what was decided. No header and no body: those may name people. */
export type LoggedRequest = {
  n: number;
  at: string;
  method: string;
  path: string;
  query: string;
  /** What the operation answered, also when the answer was lost on its way; null when it was never carried out. */
  status: number | null;
  code?: string;
  /** The id of what was made. */
  created?: string;
  clientRequestId?: string;
  requestId: string;
  /** SHA-256 of the body, absent without one. */
  bodyHash?: string;
  /** The disturbance that the fault schedule added. */
  fault?: unknown;
};

/** The bytes of a call as they came, but for the token. */
export type RawRequest = { n: number; headers: [string, string][]; body: string };

export type RequestLog = {
  /** The number of the next call; numbers go on over restarts. */
  next: () => number;
  add: (entry: LoggedRequest, raw: Omit<RawRequest, 'n'>) => void;
  read: (after: number, raw: boolean) => object[];
  clear: () => void;
  close: () => void;
};

const rawKept = 2000;

/** Appends every call to `requests.jsonl`, in the file before the caller has its answer; keeps the latest calls' bytes. */
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
