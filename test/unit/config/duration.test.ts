import { pollSchedule, secondsOf } from '../../../shared/config/config';

test.each([
  ['500ms', 0.5],
  ['0s', 0],
  ['30s', 30],
  ['10m', 600],
  ['4h', 14_400],
  ['14d', 1_209_600],
  [' 5s ', 5],
])('%j is %d seconds', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});

test.each(['', '5', 's', '-5s', '1.5h', '5 s', '5S', '5w', '1e3s', '5s5s', '9999999999s', 'PT5S'])(
  '%j is no duration',
  (text) => {
    expect(secondsOf(text)).toBeUndefined();
  },
);

test('a poll schedule is single waits, waits repeated until a time, and one without end', () => {
  expect(pollSchedule(' 5s  10s 60s<30m\t15m<24h 1h ')).toEqual([
    { every: 5 },
    { every: 10 },
    { every: 60, until: 1800 },
    { every: 900, until: 86_400 },
    { every: 3600 },
  ]);
  expect(pollSchedule('500ms')).toEqual([{ every: 0.5 }]);
});

test.each([
  '',
  '   ',
  '60s<30m',
  '5s 60s<30m',
  '0s',
  '5s 0s',
  '5s<',
  '<5s',
  '5s<1m<2m 1h',
  '5s, 10s',
  'soon',
  '5s soon',
])('%j is no poll schedule', (text) => {
  expect(pollSchedule(text)).toBeUndefined();
});
