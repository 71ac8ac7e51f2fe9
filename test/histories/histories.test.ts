import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OrchestrationContext, OrchestrationHandler } from 'durable-functions';
import {
  EventType,
  type HistoryEvent,
} from '../../infra/local/functions-host/durable/protocol/history';
import { accessChange } from '../../orchestrations/access-change';
import { reconcile } from '../../orchestrations/reconcile';
import { reconcilePaths, runReconciliation } from './reconcile-paths';
import { replayHistory } from './replay-history';
import { CURRENT_VERSION, happyActivities, paths, runWorkflow, START } from './scenarios';
import { versionOf } from '../../orchestrations/durable';

const folder = join(__dirname, 'recorded');
// `npm run histories` sets this: records each path that has no history yet, and keeps every history that is there.
const recording = process.env['JOINERY_RECORD_HISTORIES'] === '1';
const current = String(Number.parseInt(CURRENT_VERSION, 10));
if (recording) mkdirSync(join(folder, current), { recursive: true });

/** One folder for each version, named by its first number: what runs of it have done, for good. */
const versions = readdirSync(folder).sort((a, b) => Number(a) - Number(b));
const fileOf = (version: string, path: string): string => join(folder, version, `${path}.json`);
const frozenPaths = (version: string): string[] =>
  readdirSync(join(folder, version)).map((name) => name.replace(/\.json$/, ''));

/** Runs each path of each orchestration, by its name. */
const allPaths = Object.fromEntries([
  ...Object.entries(paths).map(([path, fakes]) => [path, () => runWorkflow(fakes())] as const),
  ...Object.entries(reconcilePaths).map(
    ([path, fakes]) => [path, () => runReconciliation(fakes())] as const,
  ),
]);

/** The orchestrations by the names under which their runs were started. */
const orchestrators: Record<string, OrchestrationHandler> = { accessChange, reconcile };

if (recording) {
  test('the histories of all paths are recorded', async () => {
    for (const [path, record] of Object.entries(allPaths)) {
      if (existsSync(fileOf(current, path))) continue;
      const { histories } = await record();
      writeFileSync(fileOf(current, path), asText(histories));
    }
  }, 120_000);
}

/** An event a line, so that a difference between two recordings can be read. */
const asText = (generations: HistoryEvent[][]): string =>
  `[\n${generations.map((events) => `[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]`).join(',\n')}\n]\n`;

const read = (version: string, path: string): HistoryEvent[][] =>
  JSON.parse(readFileSync(fileOf(version, path), 'utf8')) as HistoryEvent[][];

async function replay(
  orchestrator: OrchestrationHandler,
  path: string,
  version = current,
): Promise<void> {
  for (const generation of read(version, path)) await replayHistory(orchestrator, generation);
}

test('the version of host.json has the form that hosts compare as numbers, and no history is newer', () => {
  expect(CURRENT_VERSION).toMatch(/^[1-9]\d*\.0$/);
  expect(versions.at(-1)).toBe(current);
});

test('every path has a frozen history under the current version, and every such history has its path', () => {
  expect(frozenPaths(current).toSorted()).toEqual(Object.keys(allPaths).toSorted());
});

test('each frozen run was started under the version of its folder', () => {
  for (const version of versions) {
    const begun = frozenPaths(version).flatMap((path) =>
      read(version, path).flatMap((events) =>
        events.filter((event) => event.EventType === EventType.ExecutionStarted),
      ),
    );
    const named = new Set(begun.map((event) => event.Version));
    expect([...named]).toEqual([`${version}.0`]);
  }
});

const frozen = versions.flatMap((version) => frozenPaths(version).map((path) => [version, path]));

test.each(frozen)('a run of version %s replays to the same calls: %s', async (version, path) => {
  const [first] = read(version, path);
  const started = first?.find(({ EventType: type }) => type === EventType.ExecutionStarted);
  const orchestrator = orchestrators[started?.Name ?? ''];
  if (!orchestrator) throw new Error(`the app has no orchestration ${started?.Name}`);
  await replay(orchestrator, path, version).catch((error: unknown) => {
    throw new Error(
      `the orchestration no longer does what runs of version ${version} have done: keep their path behind a check of ` +
        'versionOf, and raise defaultVersion in host.json for the new one (docs/versioning.md)',
      { cause: error },
    );
  });
});

type Df = OrchestrationContext['df'];

/** The workflow with another `df`, so that some of its calls become others. */
const mutant = (change: (df: Df) => Partial<Df>): OrchestrationHandler =>
  function* (context) {
    return yield* accessChange(altered(context, change));
  };

function altered(context: OrchestrationContext, change: (df: Df) => Partial<Df>) {
  const changed = new Map<PropertyKey, unknown>(Object.entries(change(context.df)));
  const df = new Proxy(context.df, {
    get: (real, member) => {
      const value: unknown = changed.get(member) ?? Reflect.get(real, member, real);
      return typeof value === 'function' ? (value.bind(real) as unknown) : value;
    },
  });
  return Object.assign(Object.create(context) as OrchestrationContext, { df });
}

const renamed = (names: Record<string, string>): OrchestrationHandler =>
  mutant((df) => ({
    callActivity: (name, input) => df.callActivity(names[name] ?? name, input),
  }));

/** The workflow without one call: it continues as if the call had answered `done`. */
const without = (removed: string): OrchestrationHandler =>
  function* (context) {
    const removal = { due: false };
    const workflow = accessChange(
      altered(context, (df) => ({
        callActivity: (name, input) => {
          removal.due = name === removed;
          return removal.due ? (undefined as never) : df.callActivity(name, input);
        },
      })),
    );
    let next = workflow.next();
    while (!next.done) {
      if (removal.due) {
        removal.due = false;
        next = workflow.next({ outcome: { kind: 'done' } });
      } else next = workflow.next(yield next.value);
    }
  };

const later = (time: Date, ms: number): Date => new Date(time.getTime() + ms);

const mutants: [what: string, orchestrator: OrchestrationHandler][] = [
  ['an activity is renamed', renamed({ planAccess: 'planChange' })],
  [
    'two activities have changed places',
    renamed({ ensurePackage: 'submitRequest', submitRequest: 'ensurePackage' }),
  ],
  [
    'a call is made in front',
    function* (context) {
      yield context.df.callActivity('releaseLock', {});
      return yield* accessChange(context);
    },
  ],
  ['a call is gone', without('closeRun')],
  [
    'a timer is set by the clock of the machine',
    mutant((df) => ({ createTimer: () => df.createTimer(new Date(Date.now() + 5000)) })),
  ],
  [
    'a timer is added',
    function* (context) {
      yield* accessChange(context);
      yield context.df.createTimer(later(context.df.currentUtcDateTime, 1000));
    },
  ],
  [
    'polls are further apart',
    mutant((df) => ({ createTimer: (time) => df.createTimer(later(time, 1000)) })),
  ],
  [
    'a branch asks the environment',
    mutant((df) => ({
      callActivity: (name, input) =>
        df.callActivity(process.env['PATH'] && name === 'closeRun' ? 'closeQuietly' : name, input),
    })),
  ],
];

test.each(mutants)(
  'a workflow in which %s is caught by a frozen history',
  async (_, orchestrator) => {
    await expect(replay(orchestrator, 'delivered-after-hours')).rejects.toThrow(
      expect.objectContaining({ name: 'NonDeterminismError' }) as Error,
    );
  },
);

/** What the next version changes: all timers fire a second later. */
const changed = mutant((df) => ({ createTimer: (time) => df.createTimer(later(time, 1000)) }));

/** A planted next version: runs that started under version 2 take the new branch, all others stay on the old one. */
const nextVersion: OrchestrationHandler = (context) =>
  versionOf(context) >= 2 ? changed(context) : accessChange(context);

const path = 'delivered-after-hours';
const nonDeterminism = expect.objectContaining({ name: 'NonDeterminismError' }) as Error;

test('with a next version behind versionOf, runs of version 1 replay on the old branch', async () => {
  await expect(replay(nextVersion, path, '1')).resolves.toBeUndefined();
});

test('a next version that changes runs of version 1 too is caught by their frozen histories', async () => {
  await expect(replay(changed, path, '1')).rejects.toThrow(nonDeterminism);
});

test('a run that starts under the next version takes the new branch, and no older code can replay it', async () => {
  const { histories } = await runWorkflow(
    paths[path]?.() ?? happyActivities(),
    '2.0',
    START,
    nextVersion,
  );
  for (const history of histories) await replayHistory(nextVersion, history);
  await expect(replayHistory(accessChange, histories[0] ?? [])).rejects.toThrow(nonDeterminism);
});
