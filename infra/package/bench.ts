import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../local/stack/service';
import type { Load } from './load-once';

/** Settings as in Azure, so that clients and identity are created. Loading the functions makes no calls. */
const azureSettings = {
  ServiceBus__fullyQualifiedNamespace: 'example.servicebus.windows.net',
  PROVISIONING_QUEUE: 'provisioning-events',
  EVENT_SOURCES: 'urn:hr:acme:workday',
  RECORDS_STORAGE: 'https://records.table.core.windows.net',
  AUDIT_STORAGE: 'https://audit.table.core.windows.net',
  IDENTITY_ENDPOINT: 'http://127.0.0.1:1/msi/token',
  IDENTITY_HEADER: 'header',
  // The sample model is for a Graph on this machine only.
  GRAPH_URL: 'https://127.0.0.1:1',
};

const GOAL_MS = 400;

/**
 * Loads the package and the unbundled build alternately, each time in a new process. The first load of each is not counted:
 * it reads from the disk.
 */
export function compareLoads(folder: string, runs: number, quiet: boolean) {
  const apps = { package: folder, unbundled: projectRoot() };
  const loads: Record<keyof typeof apps, Load[]> = { package: [], unbundled: [] };
  for (let run = 0; run <= runs; run += 1) {
    for (const app of ['package', 'unbundled'] as const) {
      const load = loadOnce(apps[app]);
      if (run > 0) loads[app].push(load);
    }
  }
  const packaged = summary(loads.package);
  const unbundled = summary(loads.unbundled);
  const ratio = packaged.cpu.median / unbundled.cpu.median;
  if (!quiet) console.log(describeLoads({ package: packaged, unbundled }, ratio, runs));
  const isWithinGoal = packaged.cpu.median < GOAL_MS;
  return { loads: { package: packaged, unbundled }, ratio, isWithinGoal };
}

function loadOnce(appDir: string): Load {
  const program = join(__dirname, 'load-once.js');
  const env = {
    PATH: process.env['PATH'],
    ...azureSettings,
    ACCESS_MODEL: join(projectRoot(), 'access-model.json'),
  };
  return JSON.parse(
    execFileSync(process.execPath, [program, appDir], { env, encoding: 'utf8' }),
  ) as Load;
}

type Spread = { least: number; median: number; most: number };
type Summary = Record<keyof Load, Spread>;

function summary(loads: readonly Load[]): Summary {
  const spread = (figure: keyof Load): Spread => {
    const sorted = loads.map((load) => load[figure]).sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return { least: at(0), median: at(0.5), most: at(1) };
  };
  return {
    functions: spread('functions'),
    cpu: spread('cpu'),
    processCpu: spread('processCpu'),
    wall: spread('wall'),
    rss: spread('rss'),
  };
}

const rows: [what: string, figure: keyof Load][] = [
  ['functions registered', 'functions'],
  ['CPU to load them, ms', 'cpu'],
  ['CPU of the process, ms', 'processCpu'],
  ['time to load them, ms', 'wall'],
  ['memory, MB', 'rss'],
];

function describeLoads(
  sides: Record<'package' | 'unbundled', Summary>,
  ratio: number,
  runs: number,
) {
  const cell = ({ least, median, most }: Spread): string =>
    `${median.toFixed(0)} (${least.toFixed(0)}-${most.toFixed(0)})`.padEnd(18);
  return [
    '',
    `median (least-most) of ${runs} processes each, Node ${process.versions.node}, ${cpus().length} cores`,
    `${''.padEnd(26)}${'package'.padEnd(18)}unbundled`,
    ...rows.map(
      ([what, figure]) =>
        `${what.padEnd(26)}${cell(sides.package[figure])}${cell(sides.unbundled[figure])}`,
    ),
    `CPU ratio: ${ratio.toFixed(2)}; the goal is less than ${GOAL_MS} ms for the package`,
  ].join('\n');
}
