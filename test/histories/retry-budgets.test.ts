import fc from 'fast-check';
import type { Later } from '../../shared/domain/workflow/outcome';
import {
  callsTo,
  closingOf,
  happyActivities,
  planned,
  runWorkflow,
  START,
  step,
  timeouts,
  type FakeActivities,
} from './scenarios';

/** Seconds. */
const CALL = 30;
const short = { ...timeouts, identity: 900, call: CALL, delivery: 120, approval: 600 };

/** What each operation may answer, with the patience that the settings promise for it. */
const patience: Record<string, number> = {
  ...{ 'no-identity': 900, 'account-disabled': 900, 'lock-held': CALL, 'catalog-leased': CALL },
  ...{ 'graph-unavailable': CALL, 'graph-timeout': CALL, throttled: 120 },
  ...{ 'identity-unavailable': 120, 'not-yet-visible': CALL, 'request-not-visible': CALL },
  ...{ 'permission-lost': CALL, 'assignment-not-visible': CALL },
};
const outages = ['graph-unavailable', 'graph-timeout', 'throttled', 'identity-unavailable'];
const answers = {
  planAccess: ['lock-held', 'no-identity', 'account-disabled', 'permission-lost', ...outages],
  ensurePackage: ['catalog-leased', 'not-yet-visible', 'permission-lost', ...outages],
  submitRequest: ['request-not-visible', 'permission-lost', ...outages],
  pollRequests: [...outages, 'permission-lost'],
  settleStep: ['assignment-not-visible', ...outages],
} satisfies Partial<Record<keyof FakeActivities, string[]>>;
type Operation = keyof typeof answers;

/** One reason that an operation answers until `lasts` seconds have passed since its first such answer. */
type Trouble = { operation: Operation; why: string; lasts: number; asks: number };

/**
 * Seconds that each pair of operation and reason took by itself: from its answer to the next call after the lock is released.
 * A millisecond is added for each wait, because a timer fires on whole milliseconds.
 */
type Taken = Map<string, number>;

/** Gives each operation its troubles, one after another, and measures what each of them takes by itself. */
function troubled(troubles: readonly Trouble[]): { fakes: FakeActivities; taken: Taken } {
  const taken: Taken = new Map();
  let last: { key: string; at: number } | undefined;
  const left = new Map<string, (Trouble & { key: string })[]>();
  for (const [place, trouble] of troubles.entries()) {
    const { operation, why } = trouble;
    const queue = left.get(operation) ?? [];
    left.set(operation, [...queue, { ...trouble, key: `${place} ${operation} ${why}` }]);
  }
  const fakes = happyActivities();
  const { beginRun } = fakes;
  fakes.beginRun = (...args) => {
    const { outcome } = beginRun(...args);
    return { outcome: outcome.kind === 'done' ? { ...outcome, timeouts: short } : outcome };
  };
  const wrapped = Object.entries(fakes).map(([name, act]) => {
    const perform = act as (input: unknown, clock: { now: Date }) => unknown;
    const troubling = (input: unknown, clock: { now: Date }): unknown => {
      // Before the wait begins, the lock is released and the wait is recorded.
      if (name === 'releaseLock' || name === 'recordWait') return perform(input, clock);
      const now = clock.now.getTime() / 1000;
      if (last) taken.set(last.key, (taken.get(last.key) ?? 0) + now - last.at + 0.001);
      last = undefined;
      const queue = left.get(name) ?? [];
      while (queue[0] && (taken.get(queue[0].key) ?? 0) >= queue[0].lasts) queue.shift();
      const [trouble] = queue;
      if (!trouble) return perform(input, clock);
      last = { key: trouble.key, at: now };
      const { why, asks } = trouble;
      const outcome: Later = { kind: 'later', why, afterSeconds: asks };
      return { outcome };
    };
    return [name, troubling];
  });
  return { fakes: Object.fromEntries(wrapped) as FakeActivities, taken };
}

const reasons = Object.entries(answers).flatMap(([operation, whys]) =>
  whys.map((why) => ({ operation: operation as Operation, why })),
);
const trouble = (share: { min: number; max: number }): fc.Arbitrary<Trouble> =>
  fc
    .record({
      reason: fc.constantFrom(...reasons),
      share: fc.double({ ...share, noNaN: true }),
      asks: fc.constantFrom(0.3, 1, 5),
    })
    .map(({ reason, share: part, asks }) => ({
      ...{ ...reason, asks },
      lasts: part * (patience[reason.why] ?? 0),
    }));

const RUNS = { numRuns: 25 };

test('whatever causes follow each other, an event times out only if one cause alone lasted longer than its patience', async () => {
  const anything = fc.array(trouble({ min: 0.1, max: 1.5 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(anything, async (troubles) => {
      const { fakes, taken } = troubled(troubles);
      const { outcome } = closingOf(await runWorkflow(fakes));
      if (outcome === 'delivered') return;
      // The same cause of the same operation may be scheduled twice in a row: it is one cause then.
      const together = new Map<string, number>();
      for (const [key, seconds] of taken) {
        const cause = key
          .replace(/^\d+ /, '')
          .replace('timeout', 'unavailable')
          .replace('account-disabled', 'no-identity');
        together.set(cause, (together.get(cause) ?? 0) + seconds);
      }
      const tooLong = [...together].filter(
        ([cause, seconds]) => seconds >= (patience[cause.split(' ')[1] ?? ''] ?? Infinity) - 0.01,
      );
      expect(tooLong).not.toEqual([]);
    }),
    RUNS,
  );
}, 300_000);

test('causes that each stay within their patience end as delivered, however many there are', async () => {
  // One trouble of each kind at most: twice the same is one longer trouble.
  const kindOf = ({ operation, why }: Trouble) =>
    `${operation} ${why.replace('timeout', 'unavailable').replace('account-disabled', 'no-identity')}`;
  const distinct = fc.uniqueArray(trouble({ min: 0.1, max: 0.6 }), {
    ...{ minLength: 1, maxLength: 6, selector: kindOf },
  });
  await fc.assert(
    fc.asyncProperty(distinct, async (troubles) => {
      const { fakes } = troubled(troubles);
      expect(closingOf(await runWorkflow(fakes)).outcome).toBe('delivered');
    }),
    RUNS,
  );
}, 300_000);

test('a person who comes late leaves the calls their whole patience and their first back-off', async () => {
  const { fakes } = troubled([
    { operation: 'planAccess', why: 'no-identity', lasts: 45, asks: 1 },
    { operation: 'submitRequest', why: 'graph-unavailable', lasts: 25, asks: 5 },
  ]);
  const result = await runWorkflow(fakes);
  expect(closingOf(result).outcome).toBe('delivered');
  const submits = callsTo(result, 'submitRequest') as { at: string }[];
  const times = submits.map(({ at }) => (Date.parse(at) - START.getTime()) / 1000);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(5);
});

test('each item of a package that is made begins the wait for the next one anew', async () => {
  const fakes = troubled([]).fakes;
  const { ensurePackage } = fakes;
  const times: number[] = [];
  fakes.ensurePackage = (input, clock) => {
    const made = Math.floor(times.push(clock.now.getTime()) / 3);
    const later: Later = {
      kind: 'later',
      why: 'not-yet-visible',
      afterSeconds: 0.3,
      workDone: made,
    };
    return made === 20 ? ensurePackage(input, clock) : { outcome: later };
  };
  const result = await runWorkflow(fakes);
  expect(closingOf(result).outcome).toBe('delivered');
  const waits = times.slice(1).map((time, place) => (time - (times[place] ?? 0)) / 1000);
  expect(Math.max(...waits)).toBeLessThan(1);
});

test('unanswered polls take nothing from an approval, and the approval nothing from the delivery', async () => {
  const approved = troubled([]).fakes;
  const { pollRequests } = approved;
  const since = START.getTime();
  approved.planAccess = () => planned(step('finance', true));
  approved.pollRequests = (input, clock) => {
    const seconds = (clock.now.getTime() - since) / 1000;
    const reading = (requestStatus: 'open' | 'waiting-for-approval') => ({
      outcome: { kind: 'done' as const, readings: [{ requestStatus, graphState: '' }] },
    });
    if (seconds < 400) return reading('waiting-for-approval');
    if (seconds < 800) return { outcome: { kind: 'later', why: 'throttled', afterSeconds: 20 } };
    if (seconds < 900) return reading('waiting-for-approval');
    return seconds < 980 ? reading('open') : pollRequests(input, clock);
  };
  expect(closingOf(await runWorkflow(approved)).outcome).toBe('delivered');
});
