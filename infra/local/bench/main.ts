import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool, integerOption } from '../../command-line';
import { TenantLimit } from '../graph/http/tenant-limits';
import { projectRoot } from '../stack/service';
import { onTemporaryStack, type TemporaryStack } from '../stack/temporary-stack';
import type { BaselineResult, Baselines, BaselineScript } from './baseline';
import { compareBuilds, printedComparison } from './compare';
import {
  eventHashOf,
  openLoad,
  positionWith,
  recordSample,
  workerId,
  writeModel,
  writeTenant,
  type Delivery,
} from './load';
import { measureServices } from './measure';
import { printed, reportOf, type Bucket, type Report } from './report';

/**
 * Joiners before the measured ones: the first creates the package, the others let the processes compile their code, the
 * last is the sample. The warmed baseline serves as many before its measurement, the fresh one none.
 */
const warmUps = 400;

const usage = `Sends joiners through the bus of a temporary local stack, all at once, and measures until their closing rows exist.
Beside the host runs a baseline: a plain script that makes the same Graph calls and table writes without bus, host or
history, on the same simulator and Azurite. It runs twice: measured from its first call (fresh), and measured after it
has served ${warmUps} others, as the host has (warmed). Needs Linux. Exits 1 if a joiner is not delivered.

usage: npm run bench -- [--joiners <n>] [--packages <n>] [--tenant-limit <limit>] [--delivery <from>-<to>] [--json]
       npm run bench -- [--joiners <n>] [--json] --compare <dir> [--rounds <n>]
  --joiners <n>    measured joiners (500)
  --packages <n>   packages that each of them gets, 1 to 3 (1)
  --tenant-limit <limit>
                   on: Graph throttles the measured joiners by its published limits; x<n>: by n times as much; off (off).
                   The baselines know no 429, so they always run without
  --delivery <from>-<to>
                   seconds that Entra takes to deliver a request, evenly spread (0.3 for each)
  --compare <dir>  run the bench of another build in turn with this one (that one, this one, that one, ...), and print
                   the medians of both and their ratio. <dir> has the other build's package.json and node_modules; its
                   bench must take --joiners and --json
  --rounds <n>     runs of each build for --compare (3)
  --json           print all figures as JSON`;

const queue = 'provisioning-events';
/**
 * No person joins twice: the measured ones go to the host and both baselines, the others to all but the fresh baseline; two
 * more get three packages.
 */
const peopleFor = (joiners: number): number =>
  2 * warmUps + joiners + 2 * servedByBaseline(joiners) + 2;

/** What the baseline needs for each of them does not depend on how many they are. */
const servedByBaseline = (joiners: number): number => Math.min(joiners, 500);

/** The defaults of the app: those of the local stack are for deliveries of less than a second. */
const POLLS_IN_AZURE = {
  POLL_SCHEDULE: '5s 10s 20s 30s 60s<30m 15m<24h 1h',
  POLL_BOARD: '10s',
};

type Size = { joiners: number; packages: number; tenantLimit: string; delivery?: Delivery };

async function bench(size: Size): Promise<Report> {
  const { joiners, delivery, tenantLimit } = size;
  const rate = rateOf(tenantLimit);
  const tableLog = (dataDir: string): string => join(dataDir, 'tables.log');
  const settings = (dataDir: string): Record<string, string> => {
    const tenant = join(dataDir, 'tenant.json');
    const model = join(dataDir, 'model.json');
    writeTenant(
      tenant,
      peopleFor(joiners),
      delivery && { ...delivery, first: warmUps, people: joiners },
    );
    writeModel(model);
    return {
      GRAPH_TENANT: tenant,
      // Only what is measured is limited.
      GRAPH_TENANT_LIMIT: 'off',
      GRAPH_WRITE_RATE: `${20 * rate}`,
      GRAPH_READ_RATE: `${100 * rate}`,
      ACCESS_MODEL: model,
      AZURITE_TABLE_LOG: tableLog(dataDir),
      PROVISIONING_QUEUE: queue,
      ...(delivery && POLLS_IN_AZURE),
      // As in Azure; the local default is far more frequent.
      SUPERVISE_SCHEDULE: '0 * * * * *',
      RECOVERY_DELAY: '10m',
    };
  };
  return onTemporaryStack('bench', settings, async (stack) => {
    try {
      return await measure(stack, tableLog(stack.dataDir), size);
    } catch (error) {
      console.error(stack.log.slice(-40).join('\n'));
      throw error;
    }
  });
}

/** How many times the published limit the app may use; without a limit, more than it can. */
function rateOf(tenantLimit: string): number {
  if (tenantLimit === 'off') return 1_000;
  return tenantLimit === 'on' ? 1 : Number(tenantLimit.slice(1));
}

async function measure(
  stack: TemporaryStack,
  tableLog: string,
  { joiners, packages, tenantLimit, delivery }: Size,
): Promise<Report> {
  const { graph, serviceBus, storage, host } = stack;
  const load = openLoad(serviceBus.connectionString, queue, storage.connectionString);
  const lap = measureServices(stack.dataDir, tableLog, stack.now);
  const workers = Array.from({ length: peopleFor(joiners) }, (_, n) => workerId(n));
  // At the published limit of Graph, twenty requests a second.
  const deadlineMs = 60_000 + 2_000 * (delivery?.to ?? 0) + 150 * packages * (warmUps + joiners);
  const position = positionWith(packages);

  const first = workers.splice(0, 1);
  const crowd = workers.splice(0, warmUps - 2);
  const [sampled = ''] = workers.splice(0, 1);
  for (const group of [first, crowd]) await load.join(group, deadlineMs, position);
  lap();
  await load.join([sampled], deadlineMs, position);
  const script = await recordSample(sampled, lap(), storage.connectionString);

  const activitiesOfOne = await countActivities(host.url, sampled);

  const limit = tenantLimitOf(graph.url);
  await limit.set(tenantLimit);
  const joinedWorkers = workers.splice(0, joiners);
  const joined = await load.join(joinedWorkers, deadlineMs, position);
  const measured = lap();
  const activitiesInBulk = await countSome(host.url, joinedWorkers);
  const buckets = await limit.report();
  await limit.set('off');
  // The first of the two creates what is missing, and this process has read the policies when the second comes.
  await load.join(workers.splice(0, 1), deadlineMs, positionWith(3));
  lap();
  await load.join(workers.splice(0, 1), deadlineMs, positionWith(3));
  const ofThree = lap();
  await load.close();
  const serve = (warmUps: string[]): Promise<BaselineResult> =>
    runBaseline({
      ...script,
      graphUrl: graph.url,
      storage: storage.connectionString,
      warmUps,
      workers: workers.splice(0, servedByBaseline(joiners)),
      concurrency: activitiesAtOnce(),
    });
  const baselines: Baselines = {
    fresh: await serve([]),
    warmed: await serve(workers.splice(0, warmUps)),
  };
  const limited = { tenantLimit, buckets };
  return reportOf(
    { ...joined, packages, activitiesOfOne, activitiesInBulk },
    measured,
    baselines,
    ofThree,
    limited,
  );
}

/** The limits of the tenant, at the control endpoint of the simulator. */
function tenantLimitOf(graphUrl: string) {
  const url = `${graphUrl}/_control/tenant-limit`;
  return {
    set: async (limit: string): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ limit }) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    report: async (): Promise<Bucket[]> =>
      ((await (await fetch(url)).json()) as { buckets: Bucket[] }).buckets,
  };
}

/** How many activities the run of a joiner has executed, from its history. */
async function countActivities(hostUrl: string, worker: string): Promise<number> {
  const instance = `${hostUrl}/runtime/webhooks/durabletask/instances/${eventHashOf(worker)}-1`;
  const answer = await fetch(`${instance}?showHistory=true&code=local`);
  const { historyEvents } = (await answer.json()) as { historyEvents: { EventType: string }[] };
  return historyEvents.filter(({ EventType }) => EventType === 'TaskCompleted').length;
}

const SAMPLE = 50;

/** The same of one joiner among many: the mean of some of them. */
async function countSome(hostUrl: string, workers: readonly string[]): Promise<number> {
  const step = Math.max(1, Math.floor(workers.length / SAMPLE));
  const some = workers.filter((_, n) => n % step === 0);
  let sum = 0;
  for (const worker of some) sum += await countActivities(hostUrl, worker);
  return sum / some.length;
}

async function runBaseline(script: BaselineScript): Promise<BaselineResult> {
  const child = fork(require.resolve('./baseline'), { execArgv: [] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the baseline script ended with exit code ${String(code)}`);
  });
  child.send(script);
  const [result] = (await Promise.race([once(child, 'message'), failed])) as [BaselineResult];
  await failed.catch(() => undefined);
  return result;
}

function activitiesAtOnce(): number {
  const file = readFileSync(join(projectRoot(), 'host.json'), 'utf8');
  const { extensions } = JSON.parse(file) as {
    extensions: { durableTask: { maxConcurrentActivityFunctions: number } };
  };
  return extensions.durableTask.maxConcurrentActivityFunctions;
}

type Command = { size: Size; compare: string | undefined; rounds: number; json: boolean };

async function run({ size, compare, rounds, json }: Command): Promise<number> {
  const { joiners } = size;
  if (compare !== undefined) {
    const comparison = await compareBuilds(compare, joiners, rounds, console.error);
    console.log(json ? JSON.stringify(comparison, null, 2) : printedComparison(comparison));
    return 0;
  }
  const report = await bench(size);
  console.log(json ? JSON.stringify(report, null, 2) : printed(report));
  return report.outcomes['delivered'] === joiners ? 0 : 1;
}

function deliveryOf(text: string): Delivery {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(from) > Number(to))
    throw new Error('--delivery must be two numbers of seconds, such as 10-60');
  return { from: Number(from), to: Number(to) };
}

void runTool({
  usage,
  options: {
    joiners: { type: 'string', default: '500' },
    packages: { type: 'string', default: '1' },
    'tenant-limit': { type: 'string', default: 'off' },
    delivery: { type: 'string' },
    compare: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  read: ({ joiners, packages, 'tenant-limit': tenantLimit, delivery, compare, rounds, json }) => {
    if (rounds !== undefined && compare === undefined) throw new Error('--rounds needs --compare');
    const isPlain = packages === '1' && tenantLimit === 'off' && delivery === undefined;
    // Another build may not know them.
    if (compare !== undefined && !isPlain)
      throw new Error('--compare compares without --packages, --tenant-limit and --delivery');
    if (!TenantLimit.safeParse(tenantLimit).success)
      throw new Error('--tenant-limit must be on, off or x<number>, such as x10');
    return {
      size: {
        joiners: integerOption('--joiners', joiners, 1, 100_000),
        packages: integerOption('--packages', packages, 1, 3),
        tenantLimit,
        ...(delivery !== undefined && { delivery: deliveryOf(delivery) }),
      },
      compare,
      rounds: integerOption('--rounds', rounds ?? '3', 1, 100),
      json,
    };
  },
  run,
});
