import { estimateBulk } from '../../../shared/reports/estimate';

const bulk = {
  ...{ people: 10_000, packages: 1, writesPerSecond: 20 },
  ...{ deliverySeconds: 60, requestsPerQuarter: 200_000 },
};

test('what does not fit into the window waits for the rate, then for the delivery and a look at it', () => {
  // 2,850 at once and 7,150 at 20 a second: 358 seconds.
  expect(estimateBulk(bulk)).toEqual({
    requests: 10_000,
    submitMinutes: 6,
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
  expect(estimate).toMatchObject({ submitMinutes: 0, minutes: 2 });
});

test('twice the rate halves the time of what waits', () => {
  const { submitMinutes } = estimateBulk({ ...bulk, people: 100_000 });
  const faster = estimateBulk({ ...bulk, people: 100_000, writesPerSecond: 40 });
  expect(faster.submitMinutes / submitMinutes).toBeCloseTo(0.49, 1);
});
