import { setTimeout as wait } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import type { GraphCall, TableRequest } from './measure';

/** The calls of one recorded joiner on a warm package, with the ids that are replaced for every other joiner. */
export type BaselineScript = {
  graphUrl: string;
  storage: string;
  /** Employee ids to serve and measure. */
  workers: string[];
  /** Employee ids to serve before the measurement; none for the fresh baseline. */
  warmUps: string[];
  /** Maximum calls in flight: as many as the host runs activities at once. */
  concurrency: number;
  calls: GraphCall[];
  writes: TableRequest[];
  /** Columns of a row that the product wrote, by table, so that the baseline's rows have the same size. */
  columns: Record<string, Record<string, unknown>>;
  sample: {
    worker: string;
    targetId: string;
    requestId: string;
    accessPackageId: string;
    assignmentPolicyId: string;
  };
};

/** What one run of the baseline used, without loading its modules. */
export type BaselineResult = {
  seconds: number;
  cpuMs: number;
  peakMb: number;
  graphCalls: number;
  tableWrites: number;
};

/** The same script twice: measured from its first call, and measured with code as warm as the host's. */
export type Baselines = { fresh: BaselineResult; warmed: BaselineResult };

/**
 * The baseline: a plain script, in a process of its own, that makes the same Graph calls and table writes for as many
 * joiners, without bus, host or history. It is not crash-safe.
 */
process.once('message', (script: BaselineScript) => {
  void run(script).then((result) => {
    process.send?.(result);
    process.disconnect();
  });
});

async function run(script: BaselineScript): Promise<BaselineResult> {
  const limited = limit(script.concurrency);
  const serve = (workers: string[], counts: Counts) =>
    Promise.all(workers.map((worker) => serveOne(script, worker, limited, counts)));
  await serve(script.warmUps, { graphCalls: 0, tableWrites: 0 });
  const counts = { graphCalls: 0, tableWrites: 0 };
  const before = process.cpuUsage();
  const began = Date.now();
  await serve(script.workers, counts);
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: (Date.now() - began) / 1000,
    cpuMs: (user + system) / 1000,
    peakMb: process.resourceUsage().maxRSS / 1024,
    ...counts,
  };
}

type Counts = Pick<BaselineResult, 'graphCalls' | 'tableWrites'>;
type Limited = <T>(call: () => Promise<T>) => Promise<T>;

async function serveOne(
  script: BaselineScript,
  worker: string,
  limited: Limited,
  counts: Counts,
): Promise<void> {
  const { sample, calls, writes } = script;
  const ids = { worker, targetId: sample.targetId, requestId: sample.requestId };
  const write = tableWriter(script, worker);
  const send = async (call: GraphCall): Promise<string> => {
    counts.graphCalls += 1;
    return limited(() => callGraph(script, call, ids));
  };
  let written = 0;
  for (const [index, call] of calls.entries()) {
    const isPoll = call.path.endsWith(`/assignmentRequests/${sample.requestId}`);
    const pause = call.at - (calls[index - 1]?.at ?? call.at);
    if (isPoll) await wait(pause);
    let state = await send(call);
    while (isPoll && state !== 'delivered') {
      await wait(pause);
      state = await send(call);
    }
    for (; written < (writes.length * (index + 1)) / calls.length; written += 1) {
      const next = writes[written];
      if (next) await limited(() => write(next));
      counts.tableWrites += 1;
    }
  }
}

/** Makes the recorded call with this joiner's ids, and stores the ids of the user and the request from the answers. */
async function callGraph(
  { graphUrl, sample }: BaselineScript,
  { method, path, query }: GraphCall,
  ids: { worker: string; targetId: string; requestId: string },
): Promise<string> {
  const url = `${path}${query && '?'}${query}`
    .replaceAll(sample.worker, ids.worker)
    .replaceAll(sample.targetId, ids.targetId)
    .replaceAll(sample.requestId, ids.requestId);
  const { accessPackageId, assignmentPolicyId } = sample;
  const body = {
    requestType: 'adminAdd',
    justification: `baseline:${ids.worker}`,
    assignment: { targetId: ids.targetId, accessPackageId, assignmentPolicyId },
  };
  const response = await fetch(`${graphUrl}${url}`, {
    method,
    ...(method === 'POST' && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const answer = (await response.json()) as {
    id?: string;
    state?: string;
    value?: { id: string }[];
  };
  // A replica may not know the request yet; the caller polls again, as the product does.
  if (response.status === 404 && method === 'GET') return '';
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
  if (method === 'POST') ids.requestId = answer.id ?? '';
  if (path.endsWith('/users')) ids.targetId = answer.value?.[0]?.id ?? '';
  return answer.state ?? '';
}

/** Writes rows like the product's under this joiner's own keys. */
function tableWriter(
  script: BaselineScript,
  worker: string,
): (write: TableRequest) => Promise<void> {
  const last = new Map<string, string>();
  let count = 0;
  return async ({ kind, table }) => {
    const client = clientOf(script.storage, table);
    const fresh = kind === 'insert' || !last.has(table);
    const rowKey = fresh
      ? `baseline-${String((count += 1)).padStart(4, '0')}`
      : (last.get(table) ?? '');
    last.set(table, rowKey);
    const entity = { ...script.columns[table], partitionKey: `baseline-${worker}`, rowKey };
    if (kind === 'insert') await client.createEntity(entity);
    else if (kind === 'replace') await client.upsertEntity(entity, 'Replace');
    else await client.deleteEntity(entity.partitionKey, rowKey);
  };
}

const clients = new Map<string, TableClient>();

function clientOf(storage: string, table: string): TableClient {
  const known = clients.get(table);
  if (known) return known;
  const client = TableClient.fromConnectionString(storage, table, {
    allowInsecureConnection: true,
  });
  clients.set(table, client);
  return client;
}

function limit(concurrency: number): Limited {
  const waiting: (() => void)[] = [];
  let free = concurrency;
  return async (call) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
