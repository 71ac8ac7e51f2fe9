import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventHash, instanceId } from '../../../shared/domain/events/keys';
import { createHoldings } from '../../../shared/storage/holdings';
import { createWorkers } from '../../../shared/storage/workers';
import { eventually } from '../../support/eventually';
import { SOURCE } from '../../support/events';
import { graphCalls } from '../../support/simulator';
import { startStack, type TestStack } from '../../support/test-stack';
import { factOfPerson, joinerOf } from '../differences/plant';
import { modelOf, tenantOf, workerId } from '../model';
import { objectId, reconciliationOf } from '../reconciliation';
import { mostEventsOf } from './most-events';
import { rowsWritten, withStorage, type Seed } from './seeded-storage';
import type { SeededRow } from './storage';

const START = new Date('2027-01-04T12:00:00Z');
const PACKAGES = 10;
const MISSING = 100;
/** The first person makes the packages, by an event. */
const FOUNDERS = 1;
const keys = Array.from({ length: PACKAGES }, (_, at) => `p${String(at).padStart(2, '0')}`);

/** Half of all people are in the first department; each has two packages. */
const departmentOf = (n: number): number => (n % 2 === 0 ? 0 : (n >> 1) % PACKAGES);
const nameOf = (n: number): string => (n < FOUNDERS ? 'Founders' : `Department ${departmentOf(n)}`);
const packagesOf = (n: number): [string, string] => {
  const at = departmentOf(n);
  return [keys[at] ?? '', keys[(at + 2) % PACKAGES] ?? ''];
};

/**
 * Half of the smallest instance. On a large machine Node would allow itself a heap of 4 GB, and let garbage lie. Each collection
 * is printed.
 */
const ARGUMENTS = '--max-old-space-size=256 --trace-gc';

export type ScaleFigures = {
  people: number;
  seconds: number;
  /** The most memory that the app had before the run and at its end, in MB, as the operating system counts it. */
  idleMb: number;
  peakMb: number;
  /** The most that was left of the heap by a collection of all garbage during the run, in MB. */
  liveMb: number;
  graphCalls: number;
  /** Calls for the pages of the directory, of the assignments and of what counts against limits. */
  pages: number;
  /** All other calls: for the packages and the tenant. */
  otherCalls: number;
  /** The most events of the history in one generation of the run. */
  mostEvents: number;
  largestPackage: { holders: number; state: string; pages: number };
  findings: number;
};

/**
 * Lets a run of the reconciliation compare so many people, of whom a hundred lack a package, and answers what the app needed.
 * The stack is the local one; its tables are in an Azurite that finds a partition by its index.
 */
export async function measureScale(
  people: number,
  print: (line: string) => void,
): Promise<ScaleFigures> {
  return withStorage(async ({ connectionString, seed }) => {
    const stack = await startStack({
      now: START,
      env: {
        ...{
          GRAPH_DELIVERY_MS: '10',
          POLL_SCHEDULE: '200ms',
          GRAPH_LAG: '20ms',
          GRAPH_LAG_MS: '0',
        },
        languageWorkers__node__arguments: ARGUMENTS,
        ...{ RECONCILE_SCHEDULE: '0 0 3 1 1 *', GRAPH_PAGE_SIZE: '999', GRAPH_DEADLINE: '60s' },
      },
      files: { GRAPH_TENANT: tenantFile(people), ACCESS_MODEL: model() },
      between: (known) => ({ ...known, storage: { pid: 0, ...known.storage, connectionString } }),
    });
    try {
      return await onStack({ ...stack, storage: connectionString }, seed, people, print);
    } catch (error) {
      print(
        stack.log
          .filter((line) => !isCollection(line))
          .slice(-40)
          .join('\n'),
      );
      throw error;
    } finally {
      await stack.stop();
    }
  });
}

const isMissing = (n: number, people: number): boolean =>
  n >= FOUNDERS && n % Math.floor(people / MISSING) === 7;

const tenantFile = (people: number): object => ({
  ...tenantOf(people),
  holdings: Array.from({ length: people }, (_, n) => n)
    .slice(FOUNDERS)
    .map((n) => {
      const [first, second] = packagesOf(n);
      const held = isMissing(n, people) ? [first] : [first, second];
      return { employeeId: workerId(n), holdsOnceMade: held.map((key) => `Package ${key}`) };
    }),
});

const model = (): object => ({
  ...modelOf(
    keys.map((key) => ({ key, catalog: 'catalog' })),
    [
      { id: 'founders', department: 'Founders', packages: keys },
      ...keys.map((_, at) => ({
        ...{ id: `rule-${at}`, department: `Department ${at}` },
        packages: [keys[at] ?? '', keys[(at + 2) % PACKAGES] ?? ''],
      })),
    ],
  ),
  leadDays: 0,
});

async function onStack(
  stack: TestStack,
  seed: Seed,
  people: number,
  print: (line: string) => void,
): Promise<ScaleFigures> {
  const run = reconciliationOf(stack, 3600);
  await stack.send([joinerOf(0, nameOf(0), START)]);
  await eventually(
    'the packages are made',
    async () => (await run.claims()).some(({ outcome }) => outcome === 'delivered'),
    { seconds: 600, details: () => stack.log.slice(-20).join('\n') },
  );
  print('the packages are made');
  for (let from = 1; from < people; from += 2000) {
    const numbers = Array.from({ length: Math.min(2000, people - from) }, (_, at) => from + at);
    await seed({ table: 'workers', rows: await rowsOf(numbers, people) });
  }
  print('everybody is in the tables');
  await stack.advance('20m');
  const idleMb = peakMbOf(stack.pid('host'));
  const since = (await graphCalls(stack.graphUrl)).at(-1)?.n ?? 0;
  const linesBefore = stack.log.length;
  const began = Date.now();
  const { claim, report } = await run.reconcile();
  const seconds = Math.round((Date.now() - began) / 1000);
  if (!report) throw new Error('the run has no report');
  print(`${report.state} ${JSON.stringify(report.counts)} ${JSON.stringify(report.skipped)}`);
  const { generation } = await run.staging.lease();
  const scopes = await run.staging.scopes(generation);
  const [largest] = scopes
    .filter(({ kind }) => kind === 'package')
    .sort((one, other) => other.holders - one.holders);
  if (!largest) throw new Error('the run has read no package');
  const calls = (await graphCalls(stack.graphUrl, since)).length;
  const pages = scopes.reduce((sum, scope) => sum + scope.pages, 0);
  const journal = await readFile(join(stack.dataDir, 'host', 'durable', 'journal.jsonl'), 'utf8');
  return {
    ...{ people, seconds, idleMb, peakMb: peakMbOf(stack.pid('host')) },
    liveMb: liveMbOf(stack.log.slice(linesBefore)),
    ...{ graphCalls: calls, pages, otherCalls: calls - pages },
    mostEvents: mostEventsOf(journal, instanceId(claim.partitionKey, 1)),
    largestPackage: { holders: largest.holders, state: largest.state, pages: largest.pages },
    findings: report.findings.length,
  };
}

/** The rows that the stores of the app write for people who joined long ago. */
async function rowsOf(numbers: readonly number[], people: number): Promise<SeededRow[]> {
  const { table, rows } = rowsWritten();
  const [workers, holdings] = [createWorkers(table), createHoldings(table)];
  for (const n of numbers) {
    const fact = factOfPerson(n, nameOf(n), START);
    await workers.addFact(fact);
    const [first, second] = packagesOf(n);
    for (const packageKey of isMissing(n, people) ? [first] : [first, second])
      await holdings.save({
        ...{ personId: workerId(n), targetId: objectId(n), packageKey, state: 'held' },
        ...{ action: 'grant', whose: 'ours', assignmentId: `a-${n}-${packageKey}` },
        ...{ eventHash: eventHash(SOURCE, fact.id), attempt: 1, absentReads: 0 },
        instanceId: instanceId(fact.hash, 1),
        ...{ outcome: 'delivered', updatedAt: fact.acceptedAt },
      });
  }
  return rows;
}

function peakMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

const COLLECTION = /^host: \[\d+:0x[0-9a-f]+\].*(?:Scavenge|Mark-Compact)/;
const isCollection = (line: string): boolean => COLLECTION.test(line);

function liveMbOf(log: readonly string[]): number {
  const left = log.flatMap((line) => /Mark-Compact.* -> (\d+\.\d+) \(/.exec(line)?.[1] ?? []);
  return Math.round(Math.max(0, ...left.map(Number)));
}
