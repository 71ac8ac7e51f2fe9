import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OrchestrationContext, OrchestrationHandler } from 'durable-functions';
import type { HistoryEvent } from '../../infra/local/host/durable/protocol/history';
import { accessChange } from '../../orchestrations/access-change';
import { paths } from './paths';
import { replayHistory } from './replay-history';
import { tell } from './story';

const folder = join(__dirname, '..', 'histories');
const fileOf = (path: string): string => join(folder, `${path}.json`);

// `npm run histories` sets this: the story as it is told today becomes what every later one is held to.
if (process.env['JOINERY_RECORD_HISTORIES'] === '1') {
  test('the histories of all paths are recorded', async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const [path, acts] of Object.entries(paths)) {
      const { histories } = await tell(acts());
      writeFileSync(fileOf(path), asText(histories));
    }
  }, 120_000);
}

/** An event a line, so that a difference between two recordings can be read. */
const asText = (generations: HistoryEvent[][]): string =>
  `[\n${generations.map((events) => `[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]`).join(',\n')}\n]\n`;

const read = (path: string): HistoryEvent[][] =>
  JSON.parse(readFileSync(fileOf(path), 'utf8')) as HistoryEvent[][];

async function replay(orchestrator: OrchestrationHandler, path: string): Promise<void> {
  for (const generation of read(path)) await replayHistory(orchestrator, generation);
}

test('every path has a frozen history, and every history its path', () => {
  const files = readdirSync(folder).map((name) => name.replace(/\.json$/, ''));
  expect(files.toSorted()).toEqual(Object.keys(paths).toSorted());
});

test.each(Object.keys(paths))(
  'the orchestration of today does what history says: %s',
  async (path) => {
    await replay(accessChange, path);
  },
);

type Df = OrchestrationContext['df'];

/** The story told with another `df`: some of what it asks for becomes something else. */
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

/** The story without one call: it goes on as if the call had been made and had answered `done`. */
const without = (removed: string): OrchestrationHandler =>
  function* (context) {
    const removal = { due: false };
    const story = accessChange(
      altered(context, (df) => ({
        callActivity: (name, input) => {
          removal.due = name === removed;
          return removal.due ? (undefined as never) : df.callActivity(name, input);
        },
      })),
    );
    let next = story.next();
    while (!next.done) {
      if (removal.due) {
        removal.due = false;
        next = story.next({ outcome: { kind: 'done' } });
      } else next = story.next(yield next.value);
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
      yield context.df.callActivity('releaseTurn', {});
      return yield* accessChange(context);
    },
  ],
  ['a call is gone', without('releaseTurn')],
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

test.each(mutants)('a story in which %s is caught by a frozen history', async (_, orchestrator) => {
  await expect(replay(orchestrator, 'delivered-after-hours')).rejects.toThrow(
    expect.objectContaining({ name: 'NonDeterminismError' }) as Error,
  );
});
