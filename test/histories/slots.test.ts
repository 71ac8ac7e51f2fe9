import type { Later } from '../../shared/domain/workflow/outcome';
import {
  callsTo,
  closingOf,
  ensuredStep,
  happyActivities,
  planned,
  runWorkflow,
  START,
} from './scenarios';

/* Runs that wait for the slot that the rate of writes has for them. */

const secondsAt = (now: Date): number => (now.getTime() - START.getTime()) / 1000;
const later = (why: string, afterSeconds: number, until?: Date): { outcome: Later } => ({
  outcome: { kind: 'later', afterSeconds, why, ...(until && { until: until.toISOString() }) },
});
const slotIn = (seconds: number, now: Date): { outcome: Later } =>
  later('rate-budget', seconds, new Date(now.getTime() + seconds * 1000));

test.each([
  ['rate-budget', 0.5],
  ['throttled', 10],
  ['lock-held', 1],
  ['graph-timeout', 5],
])('a run keeps its slot when the plan meets %s at it', async (why, seconds) => {
  const happy = happyActivities();
  const answers = [later(why, seconds)];
  let isAsked = false;
  const result = await runWorkflow({
    ...happy,
    planAccess: (input, host) => {
      if (!isAsked) {
        isAsked = true;
        return slotIn(1200, host.now);
      }
      return answers.pop() ?? happy.planAccess(input, host);
    },
  });
  expect(closingOf(result)).toMatchObject({ outcome: 'delivered' });
  const slots = (callsTo(result, 'planAccess') as { slot?: string }[]).map(({ slot }) => slot);
  expect(slots[0]).toBeUndefined();
  expect(new Set(slots.slice(1)).size).toBe(1);
  expect(Date.parse(slots[2] ?? '') - START.getTime()).toBeGreaterThanOrEqual(1_200_000);
});

test('what is open is polled and settled while the run waits for its next slot, and it plans at that', async () => {
  const happy = happyActivities([
    [0.01, 'open'],
    [Infinity, 'delivered'],
  ]);
  const plans: number[] = [];
  const settled: [string, number][] = [];
  let isThrottled = false;
  const result = await runWorkflow({
    ...happy,
    planAccess: (_, { now }) => {
      plans.push(secondsAt(now));
      if (plans.length === 2) return slotIn(3600, now);
      return planned(ensuredStep('a'), ensuredStep('b'));
    },
    submitRequest: (input, host) => {
      if (isThrottled || input.step.packageKey !== 'b') return happy.submitRequest(input, host);
      isThrottled = true;
      return { chain: { ...input.chain, seq: input.chain.seq + 1 }, ...later('throttled', 5) };
    },
    settleStep: (input, host) => {
      settled.push([input.step.id, secondsAt(host.now)]);
      return happy.settleStep(input, host);
    },
  });
  expect(closingOf(result)).toMatchObject({ outcome: 'delivered' });
  const [first, second] = settled;
  expect(first).toEqual(['grant:a', expect.any(Number)]);
  expect(first?.[1]).toBeLessThan(120);
  expect(second?.[1]).toBeGreaterThan(3600);
  expect(plans).toHaveLength(3);
});

test('reads that the rate refuses are asked for again as soon as it has some, however often that was so', async () => {
  const happy = happyActivities();
  let refused = 0;
  let plannedAt = 0;
  const result = await runWorkflow({
    ...happy,
    planAccess: (input, host) => {
      plannedAt = secondsAt(host.now);
      refused += 1;
      return refused <= 20 ? later('rate-budget', 2) : happy.planAccess(input, host);
    },
  });
  expect(closingOf(result)).toMatchObject({ outcome: 'delivered' });
  expect(plannedAt).toBeLessThan(60);
});
