import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../stack/part';
import { onPassingStack } from '../stack/passing-stack';
import type { PassingStack } from '../stack/passing-stack';
import type { FloorResult, FloorScript, Floors } from './floor-script';
import { openLoad } from './load';
import { watchParts } from './measure';
import { printed, reportOf } from './report';
import type { Report } from './report';
import { readSample } from './sample';
import { workerId, writeTenant } from './tenant';

/**
 * Joiners before the measured ones: the first makes the package, the others let the processes compile what they run; the
 * last is the sample. The warmed floor serves as many before it is measured, the fresh one none.
 */
const warmUps = 400;

const usage = `Measures joiners at once on a local stack of its own, from the bus to their closing rows, beside a floor: a
plain script that makes the same Graph calls and table writes without bus, host or history, on the same simulator and
Azurite; once measured from its first call (fresh), once after it has served ${warmUps} others, as the host has (warmed).
Exits 1 if a joiner was not delivered.

usage: npm run bench -- [--joiners <n>] [--json]`;

const queue = 'provisioning-events';
/** Nobody joins twice: the measured ones come to the host and to both floors, the others to all but the fresh floor. */
const peopleFor = (joiners: number): number => 2 * warmUps + 3 * joiners;

async function bench(joiners: number): Promise<Report> {
  const tableLog = (dataDir: string): string => join(dataDir, 'tables.log');
  const settings = (dataDir: string): Record<string, string> => {
    const tenant = join(dataDir, 'tenant.json');
    writeTenant(tenant, peopleFor(joiners));
    return {
      GRAPH_TENANT: tenant,
      AZURITE_TABLE_LOG: tableLog(dataDir),
      PROVISIONING_QUEUE: queue,
      // As in Azure; a laptop's supervisor looks far more often.
      SUPERVISE_SCHEDULE: '0 * * * * *',
      LOOK_AFTER: '10m',
    };
  };
  return onPassingStack('bench', settings, async (stack) => {
    try {
      return await measure(stack, tableLog(stack.dataDir), joiners);
    } catch (error) {
      console.error(stack.log.slice(-40).join('\n'));
      throw error;
    }
  });
}

async function measure(stack: PassingStack, tableLog: string, joiners: number): Promise<Report> {
  const { graph, serviceBus, storage } = stack;
  const load = openLoad(serviceBus.connectionString, queue, storage.connectionString);
  const look = watchParts(stack.dataDir, tableLog, stack.now);
  const workers = Array.from({ length: peopleFor(joiners) }, (_, n) => workerId(n));
  const deadlineMs = 60_000 + 100 * (warmUps + joiners);

  const first = workers.splice(0, 1);
  const crowd = workers.splice(0, warmUps - 2);
  const [sampled = ''] = workers.splice(0, 1);
  for (const group of [first, crowd]) await load.join(group, deadlineMs);
  look();
  await load.join([sampled], deadlineMs);
  const script = await readSample(sampled, look(), storage.connectionString);

  const joined = await load.join(workers.splice(0, joiners), deadlineMs);
  const lap = look();
  await load.close();
  const play = (warmUps: string[]): Promise<FloorResult> =>
    runFloor({
      ...script,
      graphUrl: graph.url,
      storage: storage.connectionString,
      warmUps,
      workers: workers.splice(0, joiners),
      concurrency: activitiesAtOnce(),
    });
  const floors: Floors = {
    fresh: await play([]),
    warmed: await play(workers.splice(0, warmUps)),
  };
  return reportOf(joined, lap, floors);
}

async function runFloor(script: FloorScript): Promise<FloorResult> {
  const child = fork(require.resolve('./floor'), { execArgv: [] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the floor script ended with exit code ${String(code)}`);
  });
  child.send(script);
  const [result] = (await Promise.race([once(child, 'message'), failed])) as [FloorResult];
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      joiners: { type: 'string', default: '500' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const joiners = Number(values.joiners);
  if (!Number.isInteger(joiners) || joiners < 1 || joiners > 100_000) {
    throw new Error(`--joiners takes a whole number from 1 to 100000, not "${values.joiners}"`);
  }
  const report = await bench(joiners);
  console.log(values.json ? JSON.stringify(report, null, 2) : printed(report));
  process.exitCode = report.outcomes['delivered'] === joiners ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
