import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { memberOf, serviceNames, type StackFile } from '../stack/services';

/** What happened since the measurement before. */
export type Lap = {
  calls: GraphCall[];
  tables: TableRequest[];
  /** By service: CPU since the measurement before, and peak memory since the start. Services without figures are absent. */
  usage: Record<string, Usage>;
};

/** Measures the four services from outside, at each call: /proc for each process, and the logs of Graph and tables. */
export function measureServices(
  dataDir: string,
  tableLog: string,
  now: () => StackFile,
): () => Lap {
  const graphLog = tail(join(dataDir, 'graph', 'requests.jsonl'));
  const tableLines = tail(tableLog);
  let before: Record<string, Usage> = {};
  return () => {
    const total: Record<string, Usage> = {};
    const usage: Record<string, Usage> = {};
    for (const service of serviceNames) {
      const used = usageOf(now()[memberOf[service]]?.pid ?? 0);
      if (!used) continue;
      total[service] = used;
      usage[service] = { ...used, cpuMs: used.cpuMs - (before[service]?.cpuMs ?? 0) };
    }
    before = total;
    return { calls: graphCalls(graphLog.next()), tables: tableRequests(tableLines.next()), usage };
  };
}

/** A log file that is read in steps: each call returns the lines added since the call before. */
type Tail = { next: () => string[] };

export function tail(file: string): Tail {
  let seen = 0;
  return {
    next: () => {
      if (!existsSync(file)) return [];
      const bytes = readFileSync(file).subarray(seen);
      const complete = bytes.lastIndexOf(0x0a) + 1;
      seen += complete;
      return bytes.subarray(0, complete).toString('utf8').split('\n').slice(0, -1);
    },
  };
}

/** One request to a table, from Azurite's log. A transaction of several rows is one request, whose table is `$batch`. */
export type TableRequest = {
  kind: 'insert' | 'replace' | 'remove' | 'read' | 'transaction';
  table: string;
};

const BATCH = '$batch';

const kinds: Record<string, TableRequest['kind']> = {
  POST: 'insert',
  PUT: 'replace',
  PATCH: 'replace',
  DELETE: 'remove',
  GET: 'read',
};

/** The requests in lines of Azurite's table log (Common Log Format), in order. */
export function tableRequests(lines: string[]): TableRequest[] {
  return lines.flatMap((line) => {
    const [, method, table] = /"([A-Z]+) \/devstoreaccount1\/(\$?\w+)/.exec(line) ?? [];
    const kind = table === BATCH ? 'transaction' : kinds[method ?? ''];
    return kind === undefined || table === undefined ? [] : [{ kind, table }];
  });
}

export const isWrite = ({ kind }: TableRequest): boolean => kind !== 'read';

/** The members of a line of the simulator's request log that are used here. */
const Logged = z.object({
  method: z.string(),
  path: z.string(),
  query: z.string(),
  status: z.number().int(),
  at: z.iso.datetime(),
});

/** One call, and when it was made in milliseconds since 1970. */
export type GraphCall = {
  method: string;
  path: string;
  query: string;
  status: number;
  at: number;
};

/** The calls in lines of the simulator's request log, without those to its control endpoint. */
export function graphCalls(lines: string[]): GraphCall[] {
  return lines
    .map((line) => Logged.parse(JSON.parse(line)))
    .filter(({ path }) => !path.startsWith('/_control'))
    .map((call) => ({ ...call, at: Date.parse(call.at) }));
}

/** How often a call was made, as method and path without the ids of one object, and how often it was throttled. */
export type CallsOfKind = { call: string; count: number; throttled: number };

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** The calls by kind, the most frequent first. */
export function callsByKind(calls: readonly GraphCall[]): CallsOfKind[] {
  const kinds = new Map<string, CallsOfKind>();
  for (const { method, path, status } of calls) {
    const call = `${method} ${path.replace(ID, '{id}')}`;
    const kind = kinds.get(call) ?? { call, count: 0, throttled: 0 };
    kinds.set(call, kind);
    kind.count += 1;
    if (status === 429) kind.throttled += 1;
  }
  return [...kinds.values()].sort((one, other) => other.count - one.count);
}

/** What a process has used since its start. */
type Usage = { cpuMs: number; peakMb: number };

/** The calls without the second and later polls of a request: how many there are depends on the clock only. */
export function withOnePollEach(calls: GraphCall[]): GraphCall[] {
  const polled = new Set<string>();
  return calls.filter(({ method, path }) => {
    if (method !== 'GET' || !/assignmentRequests\/[^/]+$/i.test(path)) return true;
    const isFirst = !polled.has(path);
    polled.add(path);
    return isFirst;
  });
}

/** The kernel counts CPU in hundredths of a second, on every Linux that Node runs on. */
const tickMs = 10;

/** Undefined where the system has no /proc. */
function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses can contain anything, spaces too; user and system time are 11 fields after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peakKb = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]);
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
      peakMb: peakKb / 1024,
    };
  } catch {
    return undefined;
  }
}
