import { backOff, nextPoll } from '../../../shared/domain/workflow/timeouts';
import { pollSchedule } from '../../../shared/config/config';

/** The waits between polls until so many seconds have passed since the request was made. */
function waitsUntil(text: string, end: number): number[] {
  const schedule = pollSchedule(text);
  if (!schedule) throw new Error('no schedule');
  const waits: number[] = [];
  for (let elapsed = 0; elapsed < end; elapsed += waits.at(-1) ?? 0) {
    waits.push(nextPoll(schedule, waits.length, elapsed));
  }
  return waits;
}

const counted = (waits: number[]): [seconds: number, times: number][] => {
  const runs: [number, number][] = [];
  for (const wait of waits) {
    const last = runs.at(-1);
    if (last?.[0] === wait) last[1] += 1;
    else runs.push([wait, 1]);
  }
  return runs;
};

test('polls after 5, 10 and 20 s, then each 30 s to 3 min, each minute to 30 min, each 15 min to 24 h, then hourly', () => {
  const waits = waitsUntil('5s 10s 20s 30s<3m 60s<30m 15m<24h 1h', 3 * 86_400);
  expect(counted(waits)).toEqual([
    [5, 1],
    [10, 1],
    [20, 1],
    // From second 35 to the first poll at or after three minutes, and so on.
    [30, 5],
    [60, 27],
    [900, 94],
    [3600, 48],
  ]);
});

test('a schedule of one wait polls at that wait for ever', () => {
  expect(counted(waitsUntil('2s', 100))).toEqual([[2, 50]]);
});

test('a run that was away for a day goes on at the pace of that day', () => {
  const schedule = pollSchedule('5s 60s<30m 15m<24h 1h') ?? [];
  expect(nextPoll(schedule, 5, 86_399)).toBe(900);
  expect(nextPoll(schedule, 5, 86_400)).toBe(3600);
});

test('tries come ever wider apart, up to a 32nd of the patience or a quarter of an hour', () => {
  const distances = (asked: number, patience: number) =>
    Array.from({ length: 30 }, (_, tries) => backOff(asked, tries, patience));
  expect(distances(1, 640).slice(0, 12)).toEqual([1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 20, 20]);
  expect(Math.max(...distances(5, 14 * 86_400))).toBe(900);
  expect(Math.max(...distances(5, Infinity))).toBe(900);
});

test('no try comes sooner than Graph or an activity asked for, however short the patience', () => {
  for (let tries = 0; tries < 30; tries += 1) {
    expect(backOff(3600, tries, 640)).toBe(3600);
    expect(backOff(1, tries, 0)).toBe(1);
  }
});
