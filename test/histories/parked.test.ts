import type { Later } from '../../shared/domain/workflow/outcome';
import type { Waiting } from '../../shared/domain/workflow/workflow-state';
import {
  callsTo,
  closingOf,
  daysOf,
  happyActivities,
  planned,
  runWorkflow,
  START,
  timeouts,
  type FakeActivities,
} from './scenarios';

const DAY_MS = 86_400_000;
const after = (days: number): string => new Date(START.getTime() + days * DAY_MS).toISOString();

/** As planAccess answers while there is time. */
const parkedUntil = (until: string, now: Date): { outcome: Later } => {
  const afterSeconds = Math.min((Date.parse(until) - now.getTime()) / 1000, 86_400);
  return { outcome: { kind: 'later', afterSeconds, why: 'future-start', until } };
};

/** There is time for so many days; then the plan is `happy`, or what is given. */
function parked(days: number, fakes: FakeActivities = happyActivities()): FakeActivities {
  const { planAccess } = fakes;
  return {
    ...fakes,
    planAccess: (input, host) =>
      host.now.toISOString() < after(days)
        ? parkedUntil(after(days), host.now)
        : planAccess(input, host),
  };
}
const lookOf = (result: Awaited<ReturnType<typeof runWorkflow>>) =>
  callsTo(result, 'planAccess') as { parkedUntil?: string; done: string[] }[];

test('a run that waits for a date looks at the facts once a day, is shown in one row, and goes on at the instant', async () => {
  const result = await runWorkflow(parked(60.25));
  expect(closingOf(result)).toMatchObject({ outcome: 'delivered' });
  expect(daysOf(result)).toBeGreaterThanOrEqual(60.25);
  expect(daysOf(result)).toBeLessThan(60.26);
  const looks = lookOf(result);
  // One at once, one after each of 60 days, and one at the instant.
  expect(looks).toHaveLength(62);
  expect(looks.map((look) => look.parkedUntil)).toEqual([
    undefined,
    ...Array<string>(61).fill(after(60.25)),
  ]);
  const waits = callsTo(result, 'recordWait') as { waiting: Waiting; hasRow: boolean }[];
  const waiting = { for: 'parked', reason: 'future-start', since: after(0), until: after(60.25) };
  expect(waits.filter(({ waiting: { for: kind } }) => kind === 'parked')).toMatchObject([
    { waiting, hasRow: false },
  ]);
  expect(result.largestHistory).toBeLessThan(500);
});

test('a date that others have moved earlier or later is shown, without a second row', async () => {
  const fakes = happyActivities();
  const result = await runWorkflow({
    ...fakes,
    planAccess: (input, host) => {
      const until = host.now.toISOString() < after(2) ? after(10) : after(5);
      return host.now.toISOString() < until
        ? parkedUntil(until, host.now)
        : fakes.planAccess(input, host);
    },
  });
  const waits = callsTo(result, 'recordWait') as { waiting: Waiting; hasRow: boolean }[];
  expect(
    waits
      .filter(({ waiting }) => waiting.for === 'parked')
      .map(({ waiting: { until }, hasRow }) => [until, hasRow]),
  ).toEqual([
    [after(10), false],
    [after(5), true],
  ]);
  expect(Math.floor(daysOf(result))).toBe(5);
});

test('waiting for a date takes nothing from the time for which anything else is waited for', async () => {
  const happy = happyActivities();
  const result = await runWorkflow(
    parked(20, {
      ...happy,
      planAccess: (input, host) =>
        host.now.toISOString() < after(21)
          ? { outcome: { kind: 'later', afterSeconds: 1, why: 'no-identity' } }
          : happy.planAccess(input, host),
    }),
  );
  expect(closingOf(result)).toMatchObject({ outcome: 'delivered' });
});

test.each([
  [after(1), 1.25],
  [after(-1), 0.25],
])(
  'an account is waited for until its patience has passed after %s, or after the first look',
  async (waitFrom, days) => {
    const { beginRun, ...fakes } = happyActivities();
    const result = await runWorkflow({
      ...fakes,
      beginRun: (...args) => {
        const { outcome } = beginRun(...args);
        const short = { ...timeouts, identity: 6 * 3600 };
        return { outcome: outcome.kind === 'done' ? { ...outcome, timeouts: short } : outcome };
      },
      planAccess: () => ({
        outcome: { kind: 'later', afterSeconds: 1, why: 'account-disabled', waitFrom },
      }),
    });
    expect(closingOf(result).outcome).toBe('needs-attention');
    expect(daysOf(result)).toBeCloseTo(days, 1);
    const [wait] = callsTo(result, 'recordWait') as { waiting: Waiting }[];
    expect(wait?.waiting.until).toBe(after(days));
  },
);

test('an event that is voided while its run waits closes at the next look', async () => {
  const result = await runWorkflow({
    ...happyActivities(),
    planAccess: (_, { now }) =>
      now.toISOString() < after(2)
        ? parkedUntil(after(60), now)
        : { outcome: { ...planned().outcome, ending: { outcome: 'rescinded' } } },
  });
  expect(closingOf(result)).toMatchObject({ outcome: 'rescinded' });
  expect(Math.floor(daysOf(result))).toBe(2);
});

test('the next change of the last plan is what the closing run hands on', async () => {
  const fakes = happyActivities();
  const result = await runWorkflow({
    ...fakes,
    planAccess: (input, host) => {
      const { outcome } = fakes.planAccess(input, host);
      return { outcome: outcome.kind === 'done' ? { ...outcome, next: after(90) } : outcome };
    },
  });
  expect(closingOf(result)).toMatchObject({ next: after(90) });
});
