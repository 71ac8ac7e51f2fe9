import { comparisonOf, printedComparison, readReport } from '../../../../infra/local/bench/compare';

const printed = (cpuMsPerJoiner: number, baselines: 'baselines' | 'floors' = 'baselines'): string =>
  JSON.stringify({
    joiners: 20,
    outcomes: { delivered: 20 },
    joinersPerSecond: 40,
    graphCallsPerJoiner: 5,
    processes: {
      host: { cpuMsPerJoiner, peakMb: 200 },
      storage: { cpuMsPerJoiner: 10, peakMb: 100 },
    },
    [baselines]: { warmed: { cpuMsPerJoiner: 5, peakMb: 80, joinersPerSecond: 100 } },
  });

test('a comparison has the medians of both builds and the ratio of this build to the other', () => {
  const reports = {
    other: [10, 30, 20].map((cpu) => readReport(printed(cpu))),
    this: [10, 11, 90].map((cpu) => readReport(printed(cpu))),
  };

  const comparison = comparisonOf('/builds/other', reports);

  expect(comparison).toMatchObject({ joiners: 20, rounds: 3, other: '/builds/other' });
  expect(comparison.figures).toContainEqual({
    name: 'host, CPU per joiner',
    unit: 'ms',
    other: 20,
    this: 11,
    ratio: 0.55,
  });
  expect(comparison.figures).toContainEqual(
    expect.objectContaining({ name: 'Graph calls per joiner', other: 5, this: 5, ratio: 1 }),
  );
  expect(printedComparison(comparison)).toMatch(/host, CPU per joiner, ms +20\.00 +11\.00 +0\.55/);
});

test('the median of an even number of runs is the mean of the two in the middle', () => {
  const reports = [10, 20, 30, 80].map((cpu) => readReport(printed(cpu)));

  const { figures } = comparisonOf('/builds/other', { other: reports, this: reports });

  expect(figures[0]).toMatchObject({ other: 25, this: 25, ratio: 1 });
});

test('a report of a build that calls its baselines floors is read', () => {
  expect(readReport(printed(10, 'floors')).warmed.cpuMsPerJoiner).toBe(5);
});

test('text around the JSON is skipped, and a report without baselines is refused', () => {
  expect(readReport(`built\n${printed(10)}`).joiners).toBe(20);
  expect(() => readReport('{"joiners":20}')).toThrow();
});
