import type { Priority } from '../../../shared/domain/lifecycle/priority';
import {
  createRateBudget,
  type Beat,
  type Instances,
  type RateBudget,
} from '../../../shared/graph/rate-budget';
import { seeded } from '../../support/seeded';

/* Runs that ask, wait for their slot and ask again, in a time of their own. The bucket of the service has the published size. */

const RATE = 20;
const CAPACITY = 150 * RATE;
const SECOND = 1000;

/** The bucket of the service, which starts full and counts what it could not give. */
function service() {
  let left = CAPACITY;
  let at = 20_000;
  const seen = { writes: 0, refused: 0 };
  return {
    seen,
    write: (time: number): void => {
      left = Math.min(CAPACITY, left + (RATE * (time - at)) / SECOND);
      at = time;
      seen.writes += 1;
      if (left < 1) seen.refused += 1;
      else left -= 1;
    },
  };
}

type Run = { at: number; priority: Priority; writes?: number };
type Ended = { run: Run; asks: number; admittedAt: number };

/**
 * Plays the runs against the budgets of so many instances; each ask comes to any of them, at most so late. `behindMs`: the
 * clock of each but the first. `halved`: how often the rate was, just before.
 */
async function play(
  runs: Run[],
  count: number,
  { lateMs = SECOND, behindMs = 0, halved = 0 } = {},
): Promise<Ended[] & { refused: number }> {
  const clock = { now: 0 };
  const random = seeded(1);
  const beats = new Map<number, { beat: Beat; at: number }>();
  const instancesOf = (self: number): Instances => ({
    beat: (own) => {
      beats.set(self, { beat: own, at: clock.now });
      const others = [...beats].filter(([one]) => one !== self).map(([, told]) => told.beat);
      return Promise.resolve({ live: others });
    },
  });
  const behind = (self: number): number => (self === 0 ? 0 : behindMs);
  const budgets = Array.from({ length: count }, (_, self): RateBudget =>
    createRateBudget({
      ...{ writesPerSecond: RATE, readsPerSecond: 100, mostInstances: count },
      ...{ instances: instancesOf(self), now: () => clock.now - behind(self) },
    }),
  );
  // They know each other before the load comes.
  for (let time = 0; time <= 20; time += 10) {
    clock.now = time * SECOND;
    for (const budget of budgets) await budget.admit({ rank: 'grant' });
  }
  for (let n = 0; n < halved; n += 1) budgets[0]?.halve('write');
  const { write, seen } = service();
  const ended: Ended[] = [];
  const queue = runs.map((run) => ({
    run,
    at: run.at,
    asks: 0,
    slot: undefined as number | undefined,
  }));
  while (queue.length > 0) {
    let soonest = 0;
    for (let n = 1; n < queue.length; n += 1)
      if ((queue[n]?.at ?? 0) < (queue[soonest]?.at ?? 0)) soonest = n;
    const [next] = queue.splice(soonest, 1);
    const asked = Math.floor(random.next() * count);
    const budget = budgets[asked];
    if (!next || !budget) break;
    clock.now = Math.max(clock.now, next.at);
    const seconds = await budget.admit(next.run.priority, next.slot);
    const asks = next.asks + 1;
    if (seconds === 0) {
      const { writes = 1 } = next.run;
      budget.settle(writes);
      for (let n = 0; n < writes; n += 1) write(clock.now);
      ended.push({ run: next.run, asks, admittedAt: clock.now });
    } else {
      const at = clock.now + seconds * SECOND;
      const slot = at - behind(asked);
      queue.push({ run: next.run, at: at + random.next() * lateMs, asks, slot });
    }
  }
  return Object.assign(ended, { refused: seen.refused });
}

const grants = (count: number, by?: string, from = 0): Run[] =>
  Array.from({ length: count }, (_, n) => ({
    at: 20 * SECOND + from + n * 10,
    priority: { rank: 'grant', ...(by !== undefined && { by }) },
  }));

const lastOf = (ended: readonly Ended[]): number =>
  Math.max(...ended.map(({ admittedAt }) => admittedAt)) / SECOND;
const asksOf = (ended: readonly Ended[]): number =>
  ended.reduce((sum, { asks }) => sum + asks, 0) / ended.length;

test.each([1, 5])(
  'through %i instances, 6,000 runs use nine tenths of what is permitted, and nothing is refused',
  async (count) => {
    const ended = await play(grants(6000), count);
    const permitted = CAPACITY + RATE * (lastOf(ended) - 20);
    expect(ended.refused).toBe(0);
    expect(6000 / permitted).toBeGreaterThan(0.9);
    expect(asksOf(ended)).toBeLessThan(2);
  },
);

test.each([1, 5])('so do runs with three writes each, through %i instances', async (count) => {
  const ended = await play(
    grants(2500).map((run) => ({ ...run, writes: 3 })),
    count,
  );
  const permitted = CAPACITY + RATE * (lastOf(ended) - 20);
  expect(ended.refused).toBe(0);
  expect(7500 / permitted).toBeGreaterThan(0.9);
});

test('who starts soon goes before those who start later, removals before grants, and urgent ones at once', async () => {
  const later = grants(6000, '2026-12-01T08:00:00Z');
  const soon = grants(500, '1970-01-01T12:00:00Z', 70 * SECOND);
  const removals: Run[] = Array.from({ length: 300 }, () => ({
    ...{ at: 72 * SECOND, priority: { rank: 'removal' } },
  }));
  const urgent: Run[] = Array.from({ length: 20 }, () => ({
    ...{ at: 75 * SECOND, priority: { rank: 'urgent' } },
  }));
  const ended = await play([...later, ...soon, ...removals, ...urgent], 1);
  const waitOf = (of: readonly Run[]) =>
    Math.max(
      ...ended
        .filter(({ run }) => of.includes(run))
        .map(({ run, admittedAt }) => admittedAt - run.at),
    ) / SECOND;
  expect(ended.refused).toBe(0);
  expect(waitOf(urgent)).toBeLessThan(1);
  // 300 removals take 15 seconds, and 500 grants 25 more.
  expect(waitOf(removals)).toBeLessThan(30);
  expect(waitOf(soon)).toBeLessThan(60);
  expect(waitOf(later)).toBeGreaterThan(120);
  expect(asksOf(ended)).toBeLessThan(2);
});

/** The longest wait of these runs, in seconds. */
const longestOf = (ended: readonly Ended[], of: readonly Run[]): number =>
  Math.max(
    ...ended
      .filter(({ run }) => of.includes(run))
      .map(({ run, admittedAt }) => admittedAt - run.at),
  ) / SECOND;

test('who cannot keep their slot stays before those of a worse priority', async () => {
  const ofRank = (rank: Priority['rank'], count: number, writes: number): Run[] =>
    Array.from({ length: count }, () => ({ at: 60 * SECOND, priority: { rank }, writes }));
  const removals = ofRank('removal', 1000, 3);
  const urgent = ofRank('urgent', 100, 5);
  const ended = await play([...grants(6000), ...removals, ...urgent], 1);
  // 500 writes take 25 seconds, and 3,000 more 150.
  expect(longestOf(ended, urgent)).toBeLessThan(35);
  expect(longestOf(ended, removals)).toBeLessThan(200);
});

test('who comes to their slot by the clock of one instance is admitted by one whose clock is behind', async () => {
  const runs = grants(6000);
  const ended = await play(runs, 2, { lateMs: 50, behindMs: 200 });
  // 2,850 are admitted at once; who loses a place goes behind all others, which takes 150 seconds.
  const early = ended.filter(({ run }) => runs.indexOf(run) < 4000);
  expect(lastOf(early)).toBeLessThan(130);
});

test('slots that are given while the rate is low are as soon as the rate recovers', async () => {
  // At the rate of then they would be at 2,400 seconds and more.
  expect(lastOf(await play(grants(3000), 1, { halved: 4 }))).toBeLessThan(600);
});

/** A budget whose clock the test sets, and the seconds until a grant without a slot is admitted. */
function budgetAt(options: Partial<Parameters<typeof createRateBudget>[0]> = {}) {
  const clock = { now: 0 };
  const budget = createRateBudget({
    ...{ writesPerSecond: RATE, readsPerSecond: 10, mostInstances: 1, now: () => clock.now },
    ...options,
  });
  const untilEmpty = async (): Promise<number> => {
    for (let admitted = 0; ; admitted += 1)
      if ((await budget.admit({ rank: 'grant' })) > 0) return admitted;
  };
  return { clock, budget, untilEmpty };
}

test('a refused write empties the bucket and halves the rate, which comes back in ten minutes', async () => {
  const { clock, budget, untilEmpty } = budgetAt();
  budget.halve('write');
  expect(await untilEmpty()).toBe(0);
  const perMinute: number[] = [];
  for (let minute = 1; minute <= 10; minute += 1) {
    clock.now = minute * 60 * SECOND;
    perMinute.push(await untilEmpty());
  }
  expect(perMinute[0]).toBeLessThan(0.65 * 60 * RATE);
  expect(perMinute.at(-1)).toBeGreaterThan(0.95 * 60 * RATE);
  expect(perMinute).toEqual([...perMinute].sort((one, other) => one - other));
});

test('one that begins after another one has ended goes on with what that one had left', async () => {
  const told = { writesLeft: 100, readFactor: 1, writeFactor: 1, slots: {} };
  const beat: Instances['beat'] = () =>
    Promise.resolve({ live: [], ended: { beat: told, ms: 50 * SECOND } });
  expect(await budgetAt({ instances: { beat } }).untilEmpty()).toBe(100 + 50 * RATE);
});

test('one that begins after another one has ended goes on with the halved rate, which has recovered since', async () => {
  const writesIn = async (ms: number): Promise<number> => {
    const told = { writesLeft: 0, readFactor: 1, writeFactor: 1 / 4, slots: {} };
    const beat: Instances['beat'] = () => Promise.resolve({ live: [], ended: { beat: told, ms } });
    const { clock, untilEmpty } = budgetAt({ instances: { beat } });
    await untilEmpty();
    clock.now = 10 * SECOND;
    return await untilEmpty();
  };
  expect(await writesIn(0)).toBeCloseTo(10 * RATE * (1 / 4 + 1 / 60), -1);
  expect(await writesIn(120 * SECOND)).toBeCloseTo(10 * RATE * (1 / 4 + 1 / 5 + 1 / 60), -1);
  expect(await writesIn(600 * SECOND)).toBe(10 * RATE);
});

test('while the store does not answer, each instance has the smallest share', async () => {
  const beat: Instances['beat'] = () => Promise.resolve(undefined);
  const { untilEmpty } = budgetAt({ instances: { beat }, mostInstances: 5 });
  expect(await untilEmpty()).toBe((0.95 * CAPACITY) / 5);
});

test('reads are given evenly, and refused ones halve their rate alone', async () => {
  const { clock, budget, untilEmpty } = budgetAt();
  const readsNow = (): number => {
    for (let reads = 0; ; reads += 1) if (budget.takeRead() > 0) return reads;
  };
  expect(readsNow()).toBe(95);
  expect(budget.takeRead()).toBeCloseTo(0.1);
  clock.now = 2 * SECOND;
  expect(readsNow()).toBe(20);
  budget.halve('read');
  clock.now = 4 * SECOND;
  expect(readsNow()).toBe(10);
  expect(await untilEmpty()).toBe(0.95 * CAPACITY);
});

test('a clock that is set back stops no call, and frees none', async () => {
  const beats: number[] = [];
  const beat: Instances['beat'] = () => {
    beats.push(clock.now);
    return Promise.resolve({ live: [] });
  };
  const { clock, budget, untilEmpty } = budgetAt({ instances: { beat } });
  clock.now = 7200 * SECOND;
  await untilEmpty();
  budget.halve('write');
  budget.halve('read');
  clock.now = 3600 * SECOND;
  let writes = 0;
  let reads = 0;
  for (let second = 1; second <= 600; second += 1) {
    clock.now += SECOND;
    writes += await untilEmpty();
    for (; budget.takeRead() === 0; reads += 1);
  }
  expect(writes).toBeGreaterThan(0.7 * 600 * RATE);
  expect(writes).toBeLessThan(600 * RATE);
  expect(reads).toBeLessThan(600 * 10);
  expect(beats.length).toBeGreaterThan(55);
});

test('what no instance can tell does not change what this one does', async () => {
  const told = {
    writesLeft: -1e9,
    readFactor: -5,
    writeFactor: 1,
    slots: { '0': 1e300, '1': 1e15 },
  };
  const beat: Instances['beat'] = () => Promise.resolve({ live: [told] });
  const { budget } = budgetAt({ instances: { beat } });
  // As if the other one had overdrawn all it can: one window.
  expect(await budget.admit({ rank: 'removal' })).toBeLessThan(150);
});

test('what an instance had is not spent again by the others when it is gone', async () => {
  const told = { writesLeft: 0, readFactor: 1, writeFactor: 1, slots: {} };
  let live = [told];
  const beat: Instances['beat'] = () => Promise.resolve({ live });
  const { clock, untilEmpty } = budgetAt({ instances: { beat }, mostInstances: 2 });
  expect(await untilEmpty()).toBe(0);
  clock.now = 40 * SECOND;
  expect(await untilEmpty()).toBe(40 * (RATE / 2));
  live = [];
  clock.now = 50 * SECOND;
  expect(await untilEmpty()).toBe(10 * (RATE / 2));
  clock.now = 60 * SECOND;
  expect(await untilEmpty()).toBe(10 * RATE);
});

test('a first report that fails is made up for by the next one', async () => {
  const busy = { writesLeft: 0, readFactor: 1, writeFactor: 1 / 16, slots: {} };
  const answers: Awaited<ReturnType<Instances['beat']>>[] = [undefined];
  const beat: Instances['beat'] = () =>
    Promise.resolve(answers.length > 0 ? answers.pop() : { live: [busy] });
  const { clock, untilEmpty } = budgetAt({ instances: { beat }, mostInstances: 2 });
  await untilEmpty();
  clock.now = 10 * SECOND;
  await untilEmpty();
  clock.now = 20 * SECOND;
  expect(await untilEmpty()).toBeLessThan(0.1 * 10 * RATE);
});

test('a further page of a list is read although there is no read for it', () => {
  const { budget } = budgetAt();
  while (budget.takeRead() === 0);
  expect(budget.takeRead(true)).toBe(0);
  expect(budget.takeRead()).toBeGreaterThan(0.1);
});
