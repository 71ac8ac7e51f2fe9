import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServiceBusClient } from '@azure/service-bus';
import { runTool } from '../../infra/command-line';
import { eventually } from '../support/eventually';
import { joinerEvent, messageOf, QUEUE } from '../support/events';
import { readTable } from '../support/tables';

const usage = `Counts the product files that one happy joiner executes, and prints them. The package exists already, and the
supervisor does not run. A file counts if one of its functions ran in the host between the arrival of the event and the
end of its run; what runs when a file is loaded does not count.

usage: npm run executed-files -- [--build <dir>]

  --build <dir>  a built checkout to measure (this one)`;

/** Settings with which the host runs nothing but the event. */
const settings = {
  ...{ AZURITE_BLOB_PORT: '0', AZURITE_QUEUE_PORT: '0', AZURITE_TABLE_PORT: '0' },
  ...{ SERVICE_BUS_PORT: '0', GRAPH_PORT: '0', HOST_PORT: '0' },
  SUPERVISE_SCHEDULE: '0 0 0 29 2 *',
};

/**
 * Loaded by every process of the stack before its program. On each SIGUSR2 it writes the functions that ran since the
 * signal before, as V8 counts them, to `<folder>/<pid>-<number>.json`.
 */
const recorder = (folder: string): string => `
const { Session } = require('node:inspector');
const { renameSync, writeFileSync } = require('node:fs');
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
let number = 0;
process.on('SIGUSR2', () =>
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    const path = ${JSON.stringify(folder)} + '/' + process.pid + '-' + ++number + '.json';
    writeFileSync(path + '.part', JSON.stringify(result));
    renameSync(path + '.part', path);
  }),
);
`;

type Range = { startOffset: number; endOffset: number; count: number };
type ScriptCoverage = { url: string; functions: { ranges: Range[] }[] };
type StackFile = {
  host?: { url: string; pid: number };
  serviceBus?: { connectionString: string };
  storage?: { connectionString: string };
};

/**
 * Starts the stack of a built checkout and sends two joiners: the first one leads to a new package, the second one is
 * measured. Answers the compiled product files (`dist/functions/main.js`) of which a function ran for it, sorted. Throws
 * if a joiner does not end as `delivered` within a minute.
 */
export async function executedFiles(build: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-executed-'));
  const preload = join(folder, 'recorder.cjs');
  await writeFile(preload, recorder(folder));
  const { scripts } = JSON.parse(readFileSync(join(build, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  const log: string[] = [];
  const stack = spawn('node', [...scripts.start.split(' ').slice(1), '--no-restart'], {
    cwd: build,
    env: {
      ...process.env,
      ...settings,
      JOINERY_DATA_DIR: folder,
      NODE_OPTIONS: `--require ${preload}`,
    },
  });
  stack.stdout.on('data', (data) => log.push(String(data)));
  stack.stderr.on('data', (data) => log.push(String(data)));
  const ended = new Promise((done) => stack.once('exit', done));
  const details = (): string => log.join('').split('\n').slice(-40).join('\n');
  try {
    const { host, serviceBus, storage } = await eventually(
      'the stack is up',
      () => {
        const path = join(folder, 'stack.json');
        const parts = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StackFile) : {};
        return parts.host && (parts as Required<StackFile>);
      },
      { details },
    );
    const client = new ServiceBusClient(serviceBus.connectionString);
    const sender = client.createSender(QUEUE);
    const giveAccess = async (workerId: string): Promise<void> => {
      const event = joinerEvent(workerId);
      const { eventHash } = messageOf(event);
      await sender.sendMessages({ body: event });
      const filter = `PartitionKey eq '${eventHash}' and kind eq 'closing'`;
      const closing = await eventually(
        `${workerId} has access`,
        async () => (await readTable(storage.connectionString, 'audit', filter))[0],
        { details },
      );
      if (closing['outcome'] !== 'delivered') throw new Error(JSON.stringify(closing));
      const run = `${host.url}/runtime/webhooks/durabletask/instances/${eventHash}-1?code=local`;
      await eventually('the run has ended', async () => {
        const status = (await (await fetch(run)).json()) as { runtimeStatus: string };
        return status.runtimeStatus === 'Completed';
      });
    };
    const takeCoverage = async (number: number): Promise<ScriptCoverage[]> => {
      process.kill(host.pid, 'SIGUSR2');
      const path = join(folder, `${host.pid}-${number}.json`);
      await eventually('the coverage is written', () => existsSync(path));
      return JSON.parse(readFileSync(path, 'utf8')) as ScriptCoverage[];
    };
    await giveAccess('W-1024');
    await takeCoverage(1);
    await giveAccess('W-1025');
    const coverage = await takeCoverage(2);
    await client.close();
    return coverage
      .filter(({ url }) => url.startsWith('file:'))
      .filter(hasRun)
      .map(({ url }) => relative(build, fileURLToPath(url)))
      .filter(isProduct)
      .sort();
  } finally {
    stack.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

/** The function around a whole module starts at 0 and does not count. */
const hasRun = ({ functions }: ScriptCoverage): boolean =>
  functions.some(({ ranges: [range] }) => range && range.count > 0 && range.startOffset > 0);

const isProduct = (path: string): boolean =>
  /^dist\/(functions|orchestrations|shared)\//.test(path);

if (require.main === module) {
  void runTool({
    usage,
    options: { build: { type: 'string', default: '.' } },
    read: ({ build }) => {
      const folder = resolve(build);
      if (existsSync(join(folder, 'package.json'))) return folder;
      throw new Error(`--build takes the folder of a built checkout, not "${build}"`);
    },
    run: async (build) => {
      const files = await executedFiles(build);
      console.log(
        `${files.join('\n')}\n${files.length} product files executed by one happy joiner`,
      );
      return 0;
    },
  });
}
