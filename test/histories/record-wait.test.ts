import type { Waiting } from '../../shared/domain/workflow/workflow-state';
import type { Later } from '../../shared/domain/workflow/outcome';
import {
  callsTo,
  closingOf,
  happyActivities,
  runWorkflow,
  START,
  type Statuses,
} from './scenarios';

const later = (why: string, afterSeconds = 1): { outcome: Later } => ({
  outcome: { kind: 'later', afterSeconds, why },
});

type Recorded = { waiting: Waiting; hasRow: boolean; at: string };
const recorded = async (fakes: Parameters<typeof runWorkflow>[0]) => {
  const result = await runWorkflow(fakes);
  return { result, waits: callsTo(result, 'recordWait') as Recorded[] };
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const after = (ms: number): string => new Date(START.getTime() + ms).toISOString();

test('a run that waits for the directory for days records it once, at once, with the end of its patience', async () => {
  const happy = happyActivities();
  const { result, waits } = await recorded({
    ...happy,
    planAccess: (input, host) =>
      host.now.getTime() < START.getTime() + 3 * DAY_MS
        ? later('no-identity')
        : happy.planAccess(input, host),
  });
  expect(closingOf(result).outcome).toBe('delivered');
  expect(waits).toMatchObject([
    {
      waiting: {
        ...{ for: 'directory', reason: 'no-identity' },
        ...{ since: after(0), until: after(14 * DAY_MS) },
      },
      hasRow: false,
    },
  ]);
});

test('an approval, then a delivery that lasts, are two waits, each with its own start and end', async () => {
  const statuses: Statuses = [
    [48, 'waiting-for-approval'],
    [50, 'open'],
    [Infinity, 'delivered'],
  ];
  const { result, waits } = await recorded(happyActivities(statuses, true));
  expect(closingOf(result).outcome).toBe('delivered');
  expect(waits.map(({ waiting }) => waiting.for)).toEqual(['approval', 'delivery']);
  const [approval, delivery] = waits;
  expect(Date.parse(approval?.waiting.until ?? '') - START.getTime()).toBeGreaterThan(14 * DAY_MS);
  expect(Date.parse(delivery?.waiting.since ?? '')).toBeGreaterThan(START.getTime() + 47 * HOUR_MS);
});

test('waits of seconds have no row; throttling that asks for an hour has one', async () => {
  const happy = happyActivities([
    [10 / 3600, 'open'],
    [Infinity, 'delivered'],
  ]);
  let tries = 0;
  const throttledFor = (seconds: number) => ({
    ...happy,
    submitRequest: (...args: Parameters<typeof happy.submitRequest>) =>
      tries++ % 2 === 0 ? later('throttled', seconds) : happy.submitRequest(...args),
  });
  expect((await recorded(throttledFor(5))).waits).toEqual([]);
  expect((await recorded(throttledFor(3600))).waits).toMatchObject([
    { waiting: { for: 'throttling', reason: 'throttled' } },
  ]);
});

test('a kind of wait that comes again is shown again, without a second row', async () => {
  const happy = happyActivities();
  let day = 0;
  const { result, waits } = await recorded({
    ...happy,
    planAccess: (input, host) => {
      day += 1;
      if (day === 2) return later('throttled', 7200);
      return day < 4 ? later('no-identity', 3600) : happy.planAccess(input, host);
    },
  });
  expect(closingOf(result).outcome).toBe('delivered');
  expect(waits.map(({ waiting, hasRow }) => [waiting.for, hasRow])).toEqual([
    ['directory', false],
    ['throttling', false],
    ['directory', true],
  ]);
});

test('another reason of a wait for the directory is shown: the account has come and is disabled', async () => {
  const happy = happyActivities();
  const { result, waits } = await recorded({
    ...happy,
    planAccess: (input, host) => {
      const days = (host.now.getTime() - START.getTime()) / DAY_MS;
      if (days >= 2) return happy.planAccess(input, host);
      return later(days < 1 ? 'no-identity' : 'account-disabled');
    },
  });
  expect(closingOf(result).outcome).toBe('delivered');
  expect(waits.map(({ waiting, hasRow }) => [waiting.reason, waiting.since, hasRow])).toEqual([
    ['no-identity', after(0), false],
    ['account-disabled', after(0), true],
  ]);
});

test('a second wait of the same kind is shown with its own start and end, so that nobody takes the run for stalled', async () => {
  const happy = happyActivities();
  const outage = (untilHour: number, now: Date) =>
    now.getTime() < START.getTime() + untilHour * HOUR_MS ? later('graph-unavailable') : undefined;
  const { result, waits } = await recorded({
    ...happy,
    planAccess: (input, host) => outage(5, host.now) ?? happy.planAccess(input, host),
    submitRequest: (input, host) => outage(10, host.now) ?? happy.submitRequest(input, host),
  });
  expect(closingOf(result).outcome).toBe('delivered');
  const [first, second, ...others] = waits;
  expect([first?.hasRow, second?.hasRow, others]).toEqual([false, true, []]);
  const hours = ({ since, until = '' }: Waiting) =>
    [since, until].map((at) => Math.round((Date.parse(at) - START.getTime()) / HOUR_MS));
  expect(waits.map(({ waiting }) => hours(waiting))).toEqual([
    [0, 6],
    [5, 11],
  ]);
});

test('a wait that cannot be recorded ends no run, and the next pass tries again', async () => {
  const happy = happyActivities();
  let failures = 2;
  const { result, waits } = await recorded({
    ...happy,
    planAccess: (input, host) =>
      host.now.getTime() < START.getTime() + HOUR_MS
        ? later('no-identity')
        : happy.planAccess(input, host),
    recordWait: (input, host) => {
      if (failures-- === 2) throw new Error('a defect');
      return failures === 0 ? later('store-unavailable', 5) : happy.recordWait(input, host);
    },
  });
  expect(closingOf(result).outcome).toBe('delivered');
  expect(waits).toHaveLength(3);
});

test('what settles is shown with its end, what is held with its brake and no end, and neither uses up any deadline', async () => {
  const happy = happyActivities();
  const settles = after(4 * DAY_MS);
  const held = (host: { now: Date }) => host.now.getTime() < START.getTime() + 8 * DAY_MS;
  const { result, waits } = await recorded({
    ...happy,
    planAccess: (input, host) => {
      if (host.now.toISOString() < settles) {
        const { outcome } = later('settling', 4 * 86_400);
        return { outcome: { ...outcome, until: settles } };
      }
      return held(host) ? later('brake:usual-1') : happy.planAccess(input, host);
    },
  });
  expect(closingOf(result).outcome).toBe('delivered');
  expect(waits.map(({ waiting }) => waiting)).toEqual([
    { for: 'settling', reason: 'settling', since: after(0), until: settles },
    { for: 'held', reason: 'brake:usual-1', since: settles },
  ]);
  // After the first plan of a brake, rows tell whether it is still held.
  const plans = callsTo(result, 'planAccess') as { heldSince?: string }[];
  expect(plans.slice(0, 3).map(({ heldSince }) => heldSince)).toEqual([
    undefined,
    undefined,
    settles,
  ]);
});

test('a settle time that a later fact puts off is shown with its new end', async () => {
  const happy = happyActivities();
  const ends = [after(900_000), after(1_500_000)];
  let plans = 0;
  const { waits } = await recorded({
    ...happy,
    planAccess: (input, host) => {
      const until = ends[plans++];
      if (until === undefined) return happy.planAccess(input, host);
      const afterSeconds = (Date.parse(until) - host.now.getTime()) / 1000;
      return { outcome: { ...later('settling', afterSeconds).outcome, until } };
    },
  });
  expect(waits.map(({ waiting, hasRow }) => [waiting.until, hasRow])).toEqual([
    [ends[0], false],
    [ends[1], true],
  ]);
});
