import { CURRENT_VERSION, happyActs, START, tell } from './story';

/** Delivered after polls of a quarter of an hour. */
const acts = () =>
  happyActs([
    [0.25, 'open'],
    [Infinity, 'delivered'],
  ]);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

afterEach(() => jest.useRealTimers());

/** Sets the clock of this process and lets its timers be. */
function wallClock(now: number): void {
  jest.useFakeTimers({
    now,
    doNotFake: [
      ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'] as const),
      ...([
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ] as const),
    ],
  });
}

test.each([
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
  ['three days ahead', 3 * DAY],
])('a run on a host whose clock is %s does the same at the same times', async (_, offset) => {
  const right = await tell(acts());
  wallClock(Date.now() + offset);
  const wrong = await tell(acts());
  expect(wrong.calls).toEqual(right.calls);
  expect(wrong.now).toEqual(right.now);
});

test.each([
  ['the year ends', '2026-12-31T12:00:00Z'],
  ['a leap day passes', '2028-02-28T23:59:59Z'],
  ['clocks go forward in Europe', '2027-03-28T00:30:00Z'],
  ['clocks go back in America', '2026-11-01T05:30:00Z'],
])('a run goes on in seconds while %s', async (_, startAt) => {
  const ordinary = await tell(acts());
  const special = await tell(acts(), CURRENT_VERSION, new Date(startAt));
  expect(special.calls.map(({ name }) => name)).toEqual(ordinary.calls.map(({ name }) => name));
  expect(special.now.getTime() - Date.parse(startAt)).toBe(
    ordinary.now.getTime() - START.getTime(),
  );
});
