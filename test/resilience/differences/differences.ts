import { readFileSync } from 'node:fs';
import { planFor } from '../../../shared/domain/lifecycle/planner';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';
import type { Held } from '../../../shared/domain/lifecycle/held';
import { foundFrom } from '../../../shared/reconcile/repairs';
import { eventually } from '../../support/eventually';
import { graphCalls } from '../../support/simulator';
import { SOURCE } from '../../support/events';
import { startStack, type TestStack } from '../../support/test-stack';
import { tenantOf, workerId } from '../model';
import { objectId, reconciliationOf } from '../reconciliation';
import { factOfPerson, joinerOf, plant, ROSTER_MAP, rosterOf } from './plant';
import {
  drawPopulation,
  everybody,
  expectedOf,
  FOUNDERS,
  parsedModel,
  type Population,
  type Size,
} from './population';

const START = new Date('2027-01-04T12:00:00Z');

export type RunFigures = {
  seconds: number;
  /** Calls to Graph, and how many of them read a page of a list of people. */
  graphCalls: number;
  pages: number;
  /** The most memory that the app had so far, in MB. */
  peakMb: number;
};

export type DifferencesResult = {
  /** What the first and the second run did wrong, in words. Empty if both named exactly what was planted. */
  faults: string[];
  found: Record<string, number>;
  repaired: number;
  runs: RunFigures[];
};

/**
 * Plants differences in a population that is drawn from a seed, and lets the reconciliation run twice: the first run has to
 * name exactly those and to repair what the model permits, the second to find only what is left to people.
 */
export async function runDifferences(
  size: Size & { print: (line: string) => void },
): Promise<DifferencesResult> {
  const population = drawPopulation(size);
  const { model, accounts, excluded } = population;
  const stack = await startStack({
    now: START,
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{ CALL_PATIENCE: '60s', RECONCILE_SCHEDULE: '0 0 3 1 1 *', REMOVAL_LIMIT: '100000' },
      ...{ RECONCILE_GRANT_LIMIT: '100000', RECONCILE_GRANT_PERCENT: '100' },
      ...{ RECONCILE_REMOVAL_LIMIT: '100000', REMOVAL_PERCENT: '100' },
      ...{ RECONCILE_ROSTER_SOURCE: SOURCE, RECONCILE_ROSTER_AS_OF: START.toISOString() },
    },
    files: {
      ...{ GRAPH_TENANT: tenantOf(accounts), ACCESS_MODEL: model },
      EXCLUSIONS: { workerIds: excluded, objectIds: [] },
      RECONCILE_ROSTER: rosterOf(population, START),
      RECONCILE_ROSTER_MAP: ROSTER_MAP,
    },
  });
  try {
    return await onStack(stack, population, size);
  } catch (error) {
    size.print(stack.log.slice(-40).join('\n'));
    throw error;
  } finally {
    await stack.stop();
  }
}

async function onStack(
  stack: TestStack,
  population: Population,
  { people, print }: Size & { print: (line: string) => void },
): Promise<DifferencesResult> {
  const on = reconciliationOf(stack, 60 + people / 5);
  const founders = everybody(population).slice(0, FOUNDERS);
  await stack.send(founders.map(([n, department]) => joinerOf(n, department, START)));
  await eventually(
    'the packages are made',
    async () => {
      const closed = (await on.claims()).filter(({ outcome }) => outcome === 'delivered');
      return closed.length === FOUNDERS;
    },
    { seconds: 180, details: () => stack.log.slice(-20).join('\n') },
  );
  print('the packages are made');
  await plant(stack, on, population);
  print('all people and differences are planted');
  await stack.advance('20m');

  const expected = expectedOf(population);
  const [first, second] = [await runOnce(stack, print), await runOnce(stack, print)];
  const repairs = expected.first.filter((named) => / repair$/.test(named)).length;
  const faults = [
    ...deviations('the first run', first.named, expected.first),
    ...deviations('the second run', second.named, expected.second),
    ...deviations('its steps', first.steps, stepsOf(population, first)),
    ...(first.writes === repairs ? [] : [`${first.writes} writes to Graph for ${repairs} repairs`]),
    ...(second.writes === 0 ? [] : [`${second.writes} writes to Graph of the second run`]),
  ];
  const found: Record<string, number> = {};
  for (const [kind = ''] of first.named.map((one) => one.split(' ')))
    found[kind] = (found[kind] ?? 0) + 1;
  return { faults, found, repaired: repairs, runs: [first.figures, second.figures] };
}

type Ran = Awaited<ReturnType<typeof runOnce>>;

async function runOnce(stack: TestStack, print: (line: string) => void) {
  const on = reconciliationOf(stack, 1800);
  const held = await heldBefore(on);
  const since = (await graphCalls(stack.graphUrl)).at(-1)?.n ?? 0;
  const began = Date.now();
  const { report, named = [] } = await on.reconcile();
  if (report === undefined) throw new Error('the run has no report');
  const calls = await graphCalls(stack.graphUrl, since);
  const { generation } = await on.staging.lease();
  const scopes = await on.staging.scopes(generation);
  const steps: string[] = [];
  for await (const { found } of foundFrom(on.staging, generation))
    for (const { differences } of found)
      for (const { action, workerId: worker = '', packageKey = '' } of differences)
        if (action !== undefined && action !== 'reprocess')
          steps.push(`${action} ${worker} ${packageKey}`);
  const figures: RunFigures = {
    seconds: Math.round((Date.now() - began) / 1000),
    graphCalls: calls.length,
    pages: scopes.reduce((sum, { pages }) => sum + pages, 0),
    peakMb: peakMbOf(stack.pid('host')),
  };
  print(`a run has ended: ${JSON.stringify(figures)}`);
  await stack.advance('20m');
  const writes = calls.filter(({ method }) => method !== 'GET').length;
  return {
    ...{ named, steps: steps.sort(), held, figures, writes },
    at: Date.parse(report.startedAt),
  };
}

/** What accounts have before a run, as the simulator knows it. */
async function heldBefore(on: ReturnType<typeof reconciliationOf>) {
  const { accessPackages, assignments, requests } = await on.state();
  const keys = new Map(
    accessPackages.map(({ id, displayName }) => [id, displayName.replace('Package ', '')]),
  );
  const ours = new Set(
    requests
      .filter(({ justification }) => justification?.startsWith('joinery:'))
      .map(({ assignmentId }) => assignmentId),
  );
  const open = requests.filter(({ state }) => /^submitted$/i.test(state));
  const held = new Map<string, Held[]>();
  const add = (account: string, one: Held): unknown =>
    held.has(account) ? held.get(account)?.push(one) : held.set(account, [one]);
  for (const { id, packageId, targetId, state, schedule } of assignments) {
    if (/^expired$/i.test(state)) continue;
    const end = schedule?.expiration?.endDateTime;
    add(targetId, {
      ...{ packageKey: keys.get(packageId) ?? '', assignmentId: id },
      whose: ours.has(id) ? 'ours' : 'theirs',
      state: /^delivered$/i.test(state) ? 'held' : 'broken',
      ...(end && { until: Date.parse(end) }),
    });
  }
  for (const { packageId, targetId } of open)
    add(targetId, { packageKey: keys.get(packageId) ?? '', whose: 'ours', state: 'adding' });
  return held;
}

/** What the one planner says of each person, called person by person. */
function stepsOf(population: Population, { held, at }: Ran): string[] {
  const model = parsedModel(population);
  return everybody(population)
    .flatMap(([n, department]) => {
      const timeline = timelineOf([factOfPerson(n, department, START)], model);
      const { steps } = planFor({ timeline, held: held.get(objectId(n)) ?? [], model, at });
      return steps
        .filter(({ action }) => action !== 'wait' && action !== 'reprocess')
        .map(({ action, packageKey }) => `${action} ${workerId(n)} ${packageKey}`);
    })
    .sort();
}

function deviations(what: string, found: readonly string[], expected: readonly string[]): string[] {
  const [seen, due] = [new Set(found), new Set(expected)];
  return [
    ...expected.filter((one) => !seen.has(one)).map((one) => `${what} lacks: ${one}`),
    ...found.filter((one) => !due.has(one)).map((one) => `${what} has beside it: ${one}`),
    ...(found.length === seen.size ? [] : [`${what} names something twice`]),
  ];
}

function peakMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
