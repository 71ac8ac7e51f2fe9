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
    /** Its requests, one for each package, in the order in which they were submitted. */
    requests: { requestId: string; accessPackageId: string; assignmentPolicyId: string }[];
  };
};

/** What one run of the baseline used, without loading its modules. */
export type BaselineResult = {
  joiners: number;
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
    joiners: script.workers.length,
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
  const ids: Ids = { worker, targetId: sample.targetId, requestIds: [] };
  const write = tableWriter(script, worker);
  const send = async (call: GraphCall): Promise<string> => {
    counts.graphCalls += 1;
    return limited(() => callGraph(script, call, ids));
  };
  let written = 0;
  for (const [index, call] of calls.entries()) {
    const isPoll = sample.requests.some(({ requestId }) =>
      call.path.endsWith(`/assignmentRequests/${requestId}`),
    );
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

/** What one joiner has in place of the ids of the sample. `requestIds`: of those submitted so far. */
type Ids = { worker: string; targetId: string; requestIds: string[] };

/** Makes the recorded call with this joiner's ids, and stores the ids of the user and the requests from the answers. */
async function callGraph(
  { graphUrl, sample }: BaselineScript,
  { method, path, query }: GraphCall,
  ids: Ids,
): Promise<string> {
  const url = ids.requestIds.reduce(
    (text, id, index) => text.replaceAll(sample.requests[index]?.requestId ?? '', id),
    `${path}${query && '?'}${query}`
      .replaceAll(sample.worker, ids.worker)
      .replaceAll(sample.targetId, ids.targetId),
  );
  const { accessPackageId, assignmentPolicyId } = sample.requests[ids.requestIds.length] ?? {};
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
  if (method === 'POST') ids.requestIds.push(answer.id ?? '');
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
    if (kind === 'transaction') {
      await writeTransaction(script, worker, (count += 2));
      return;
    }
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

/** The log does not say what a transaction holds: two rows of the audit stand for it. */
async function writeTransaction(
  { storage, columns }: BaselineScript,
  worker: string,
  count: number,
): Promise<void> {
  const rows = [count - 1, count].map((at) => ({
    ...columns['audit'],
    ...{ partitionKey: `baseline-${worker}`, rowKey: `transaction-${at}` },
  }));
  await clientOf(storage, 'audit').submitTransaction(rows.map((row) => ['create', row]));
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
