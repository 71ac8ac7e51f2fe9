import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { DEFAULT_POLLS } from '../../../shared/config/config';
import { projectRoot } from '../stack/service';
import { onTemporaryStack, type TemporaryStack } from '../stack/temporary-stack';
import type { BaselineResult, Baselines, BaselineScript } from './baseline';
import {
  eventHashOf,
  joined,
  left,
  openLoad,
  positionWith,
  recordSample,
  workerId,
  writeModel,
  writeTenant,
  type Delivery,
  type Ending,
} from './load';
import { measureServices } from './measure';
import { reportOf, type Bucket, type Report } from './report';

const queue = 'provisioning-events';
/**
 * No person joins twice: the measured ones go to the host and both baselines, the others to all but the fresh baseline; one
 * starts today, and two more get three packages.
 */
const peopleFor = ({ joiners, warmUps }: Size): number =>
  2 * warmUps + joiners + 2 * servedByBaseline(joiners) + 3;

/** The place of who leaves with --behind: among the first joiners. */
const leaver = 1;

/** What the baseline needs for each of them does not depend on how many they are. */
const servedByBaseline = (joiners: number): number => Math.min(joiners, 500);

/** The defaults of the app: those of the local stack are for deliveries of less than a second. */
const POLLS_IN_AZURE = {
  POLL_SCHEDULE: DEFAULT_POLLS,
  POLL_BOARD: '10s',
};

export type Size = {
  joiners: number;
  packages: number;
  tenantLimit: string;
  delivery?: Delivery;
  behind: boolean;
  /**
   * Joiners before the measured ones: the first creates the package, the others let the processes compile their code, the
   * last is the sample. The warmed baseline serves as many before its measurement, the fresh one none.
   */
  warmUps: number;
};

/** Runs one measurement on a temporary stack. */
export async function bench(size: Size): Promise<Report> {
  const { delivery, tenantLimit } = size;
  const rate = rateOf(tenantLimit);
  const tableLog = (dataDir: string): string => pathOf(dataDir, 'tables.log');
  const settings = (dataDir: string): Record<string, string> => {
    const tenant = pathOf(dataDir, 'tenant.json');
    const model = pathOf(dataDir, 'model.json');
    writeTenant(
      tenant,
      peopleFor(size),
      delivery && { ...delivery, people: [leaver, ...measuredPeople(size)] },
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
      // By itself it writes all rows to disk every five seconds, which takes longer the more joiners there are.
      AZURITE_IN_MEMORY: '1',
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

/** The measured joiners, and who starts today behind them. */
const measuredPeople = ({ joiners, warmUps }: Size): number[] =>
  Array.from({ length: joiners + 1 }, (_, n) => warmUps + n);

const inAWeek = (): string => new Date(Date.now() + 7 * DAY_MS).toISOString().slice(0, 10);
const today = (): string => new Date().toISOString().slice(0, 10);
const DAY_MS = 24 * 60 * 60_000;

/** How many times the published limit the app may use; without a limit, more than it can. */
function rateOf(tenantLimit: string): number {
  if (tenantLimit === 'off') return 1_000;
  return tenantLimit === 'on' ? 1 : Number(tenantLimit.slice(1));
}

async function measure(stack: TemporaryStack, tableLog: string, size: Size): Promise<Report> {
  const { joiners, packages, tenantLimit, delivery, behind, warmUps } = size;
  const { graph, serviceBus, storage, host } = stack;
  const load = openLoad(serviceBus.connectionString, queue, storage.connectionString);
  const lap = measureServices(stack.dataDir, tableLog, stack.now);
  const workers = Array.from({ length: peopleFor(size) }, (_, n) => workerId(n));
  // At the published limit of Graph, twenty requests a second.
  const deadlineMs = 180_000 + 2_000 * (delivery?.to ?? 0) + 150 * packages * (warmUps + joiners);
  const position = positionWith(packages);

  const join = (group: readonly string[], jobCode = position) =>
    load.run(
      group.map((worker) => joined(worker, jobCode)),
      deadlineMs,
    );
  const first = workers.splice(0, 1);
  const crowd = workers.splice(0, warmUps - 2);
  const [sampled = ''] = workers.splice(0, 1);
  for (const group of [first, crowd]) await join(group);
  lap();
  await join([sampled]);
  const script = await recordSample(sampled, lap(), storage.connectionString);

  const activitiesOfOne = await countActivities(host.url, sampled);

  const limit = tenantLimitOf(graph.url);
  await limit.set(tenantLimit);
  const joinedWorkers = workers.splice(0, joiners);
  const startDate = behind ? inAWeek() : undefined;
  const [startsToday = ''] = workers.splice(0, 1);
  const lateEvents = behind ? [joined(startsToday, position, today()), left(workerId(leaver))] : [];
  const events = joinedWorkers.map((worker) => joined(worker, position, startDate));
  const { endings, sentAt } = await load.run([...events, ...lateEvents], deadlineMs);
  const measured = lap();
  const late = await Promise.all(
    lateEvents.map(async (event, at) => ({
      who: at === 0 ? 'who starts today' : 'who has left',
      ...(endings[joiners + at] as Ending),
      ...(await load.momentsOf(event)),
    })),
  );
  const activitiesInBulk = await countSome(host.url, joinedWorkers);
  const buckets = await limit.report();
  await limit.set('off');
  // The first of the two creates what is missing, and this process has read the policies when the second comes.
  await join(workers.splice(0, 1), positionWith(3));
  lap();
  await join(workers.splice(0, 1), positionWith(3));
  const ofThree = lap();
  await load.close();
  const serve = (served: string[]): Promise<BaselineResult> =>
    runBaseline({
      ...script,
      graphUrl: graph.url,
      storage: storage.connectionString,
      warmUps: served,
      workers: workers.splice(0, servedByBaseline(joiners)),
      concurrency: activitiesAtOnce(),
    });
  const baselines: Baselines = {
    fresh: await serve([]),
    warmed: await serve(workers.splice(0, warmUps)),
  };
  const limited = { tenantLimit, buckets };
  return reportOf(
    {
      ...{ endings: endings.slice(0, joiners), sentAt, packages },
      ...{ late, activitiesOfOne, activitiesInBulk },
    },
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
  const file = readFileSync(pathOf(projectRoot(), 'host.json'), 'utf8');
  const { extensions } = JSON.parse(file) as {
    extensions: { durableTask: { maxConcurrentActivityFunctions: number } };
  };
  return extensions.durableTask.maxConcurrentActivityFunctions;
}
