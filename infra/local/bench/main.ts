import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool, integerOption } from '../../command-line';
import { projectRoot } from '../stack/service';
import { onTemporaryStack, type TemporaryStack } from '../stack/temporary-stack';
import type { BaselineResult, Baselines, BaselineScript } from './baseline';
import { compareBuilds, printedComparison } from './compare';
import { openLoad, recordSample, THREE_PACKAGES, workerId, writeModel, writeTenant } from './load';
import { measureServices } from './measure';
import { printed, reportOf, type Report } from './report';

/**
 * Joiners before the measured ones: the first creates the package, the others let the processes compile their code, the
 * last is the sample. The warmed baseline serves as many before its measurement, the fresh one none.
 */
const warmUps = 400;

const usage = `Sends joiners through the bus of a temporary local stack, all at once, and measures until their closing rows exist.
Beside the host runs a baseline: a plain script that makes the same Graph calls and table writes without bus, host or
history, on the same simulator and Azurite. It runs twice: measured from its first call (fresh), and measured after it
has served ${warmUps} others, as the host has (warmed). Needs Linux. Exits 1 if a joiner is not delivered.

usage: npm run bench -- [--joiners <n>] [--json] [--compare <dir> [--rounds <n>]]
  --joiners <n>    measured joiners (500)
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
const peopleFor = (joiners: number): number => 2 * warmUps + 3 * joiners + 2;

async function bench(joiners: number): Promise<Report> {
  const tableLog = (dataDir: string): string => join(dataDir, 'tables.log');
  const settings = (dataDir: string): Record<string, string> => {
    const tenant = join(dataDir, 'tenant.json');
    const model = join(dataDir, 'model.json');
    writeTenant(tenant, peopleFor(joiners));
    writeModel(model);
    return {
      GRAPH_TENANT: tenant,
      // The baselines call as fast as they can on the same simulator, and know no 429.
      GRAPH_TENANT_LIMIT: 'off',
      ACCESS_MODEL: model,
      AZURITE_TABLE_LOG: tableLog(dataDir),
      PROVISIONING_QUEUE: queue,
      // As in Azure; the local default is far more frequent.
      SUPERVISE_SCHEDULE: '0 * * * * *',
      RECOVERY_DELAY: '10m',
    };
  };
  return onTemporaryStack('bench', settings, async (stack) => {
    try {
      return await measure(stack, tableLog(stack.dataDir), joiners);
    } catch (error) {
      console.error(stack.log.slice(-40).join('\n'));
      throw error;
    }
  });
}

async function measure(stack: TemporaryStack, tableLog: string, joiners: number): Promise<Report> {
  const { graph, serviceBus, storage } = stack;
  const load = openLoad(serviceBus.connectionString, queue, storage.connectionString);
  const lap = measureServices(stack.dataDir, tableLog, stack.now);
  const workers = Array.from({ length: peopleFor(joiners) }, (_, n) => workerId(n));
  const deadlineMs = 60_000 + 100 * (warmUps + joiners);

  const first = workers.splice(0, 1);
  const crowd = workers.splice(0, warmUps - 2);
  const [sampled = ''] = workers.splice(0, 1);
  for (const group of [first, crowd]) await load.join(group, deadlineMs);
  lap();
  await load.join([sampled], deadlineMs);
  const script = await recordSample(sampled, lap(), storage.connectionString);

  const joined = await load.join(workers.splice(0, joiners), deadlineMs);
  const measured = lap();
  // The first of the two creates what is missing, and this process has read the policies when the second comes.
  await load.join(workers.splice(0, 1), deadlineMs, THREE_PACKAGES);
  lap();
  await load.join(workers.splice(0, 1), deadlineMs, THREE_PACKAGES);
  const ofThree = lap();
  await load.close();
  const serve = (warmUps: string[]): Promise<BaselineResult> =>
    runBaseline({
      ...script,
      graphUrl: graph.url,
      storage: storage.connectionString,
      warmUps,
      workers: workers.splice(0, joiners),
      concurrency: activitiesAtOnce(),
    });
  const baselines: Baselines = {
    fresh: await serve([]),
    warmed: await serve(workers.splice(0, warmUps)),
  };
  return reportOf(joined, measured, baselines, ofThree);
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

type Command = { joiners: number; compare: string | undefined; rounds: number; json: boolean };

async function run({ joiners, compare, rounds, json }: Command): Promise<number> {
  if (compare !== undefined) {
    const comparison = await compareBuilds(compare, joiners, rounds, console.error);
    console.log(json ? JSON.stringify(comparison, null, 2) : printedComparison(comparison));
    return 0;
  }
  const report = await bench(joiners);
  console.log(json ? JSON.stringify(report, null, 2) : printed(report));
  return report.outcomes['delivered'] === joiners ? 0 : 1;
}

void runTool({
  usage,
  options: {
    joiners: { type: 'string', default: '500' },
    compare: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  read: ({ joiners, compare, rounds, json }) => {
    if (rounds !== undefined && compare === undefined) throw new Error('--rounds needs --compare');
    return {
      joiners: integerOption('--joiners', joiners, 1, 100_000),
      compare,
      rounds: integerOption('--rounds', rounds ?? '3', 1, 100),
      json,
    };
  },
  run,
});
