import { estimateBulk } from '../../../shared/reports/estimate';

const bulk = {
  ...{ people: 10_000, packages: 1, writesPerSecond: 20 },
  ...{ deliverySeconds: 60, requestsPerQuarter: 200_000 },
};

test('what does not fit into the window waits for the rate, then for the delivery and a look at it', () => {
  // 10,000 at 26 a second, as the instances can: 385 seconds. The rate alone would take 358: 7,150 at 20 a second.
  expect(estimateBulk(bulk)).toEqual({
    requests: 10_000,
    submitMinutes: 6.5,
    minutes: 8,
    graphCalls: 24_000,
    percentOfQuarter: 5,
  });
  expect(estimateBulk({ ...bulk, packages: 3 })).toMatchObject({
    ...{ requests: 30_000, submitMinutes: 22.7, percentOfQuarter: 15 },
  });
});

test('a few wait for nothing but the delivery', () => {
  const estimate = estimateBulk({ ...bulk, people: 25 });
  expect(estimate).toMatchObject({ submitMinutes: 0.1, minutes: 1.6 });
});

test('half the rate doubles the time of what waits, and a higher one helps only as far as the instances can', () => {
  const minutesAt = (writesPerSecond: number): number =>
    estimateBulk({ ...bulk, people: 100_000, writesPerSecond }).submitMinutes;
  expect(minutesAt(10) / minutesAt(20)).toBeCloseTo(2.03, 1);
  expect(minutesAt(100)).toBe(minutesAt(30));
  expect(minutesAt(100)).toBeCloseTo(100_000 / 26 / 60, 0);
});
