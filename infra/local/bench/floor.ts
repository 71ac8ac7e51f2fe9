import { setTimeout as wait } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import type { FloorResult, FloorScript } from './floor-script';
import type { GraphCall, TableRequest } from './logs';

/**
 * The least that the work can cost: a plain script, in a process of its own, that makes the same Graph calls and table
 * writes for as many joiners, without bus, host or history. It forgets everything if it is killed.
 */
process.once('message', (script: FloorScript) => {
  void run(script).then((result) => {
    process.send?.(result);
    process.disconnect();
  });
});

async function run(script: FloorScript): Promise<FloorResult> {
  const limited = limit(script.concurrency);
  const serve = (workers: string[], took: Took) =>
    Promise.all(workers.map((worker) => serveOne(script, worker, limited, took)));
  await serve(script.warmUps, { graphCalls: 0, tableWrites: 0 });
  const took = { graphCalls: 0, tableWrites: 0 };
  const before = process.cpuUsage();
  const began = Date.now();
  await serve(script.workers, took);
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: (Date.now() - began) / 1000,
    cpuMs: (user + system) / 1000,
    peakMb: process.resourceUsage().maxRSS / 1024,
    ...took,
  };
}

type Took = Pick<FloorResult, 'graphCalls' | 'tableWrites'>;
type Limited = <T>(act: () => Promise<T>) => Promise<T>;

async function serveOne(
  script: FloorScript,
  worker: string,
  limited: Limited,
  took: Took,
): Promise<void> {
  const { sample, calls, writes } = script;
  const ids = { worker, targetId: sample.targetId, requestId: sample.requestId };
  const write = tableWriter(script, worker);
  const call = async (wanted: GraphCall): Promise<string> => {
    took.graphCalls += 1;
    return limited(() => callGraph(script, wanted, ids));
  };
  let written = 0;
  for (const [index, wanted] of calls.entries()) {
    const isPoll = wanted.path.endsWith(`/assignmentRequests/${sample.requestId}`);
    const pause = wanted.at - (calls[index - 1]?.at ?? wanted.at);
    if (isPoll) await wait(pause);
    let state = await call(wanted);
    while (isPoll && state !== 'delivered') {
      await wait(pause);
      state = await call(wanted);
    }
    for (; written < (writes.length * (index + 1)) / calls.length; written += 1) {
      const next = writes[written];
      if (next) await limited(() => write(next));
      took.tableWrites += 1;
    }
  }
}

/** Makes the recorded call with this joiner's ids; learns the user's and the request's from the answers. */
async function callGraph(
  { graphUrl, sample }: FloorScript,
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
    justification: `floor:${ids.worker}`,
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
  // A replica may not know the request yet; it is looked for again, as the product does.
  if (response.status === 404 && method === 'GET') return '';
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
  if (method === 'POST') ids.requestId = answer.id ?? '';
  if (path.endsWith('/users')) ids.targetId = answer.value?.[0]?.id ?? '';
  return answer.state ?? '';
}

/** Writes rows like the product's under keys of this joiner's own. */
function tableWriter(script: FloorScript, worker: string): (write: TableRequest) => Promise<void> {
  const last = new Map<string, string>();
  let count = 0;
  return async ({ act, table }) => {
    const client = clientOf(script.storage, table);
    const fresh = act === 'insert' || !last.has(table);
    const rowKey = fresh
      ? `floor-${String((count += 1)).padStart(4, '0')}`
      : (last.get(table) ?? '');
    last.set(table, rowKey);
    const entity = { ...script.columns[table], partitionKey: `floor-${worker}`, rowKey };
    if (act === 'insert') await client.createEntity(entity);
    else if (act === 'replace') await client.upsertEntity(entity, 'Replace');
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
  return async (act) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
