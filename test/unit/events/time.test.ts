import fc from 'fast-check';
import { dueAt, isTimeZone } from '../../../shared/domain/events/time';

test.each([
  ['Europe/Berlin', '2026-11-23', '2026-11-22T23:00:00.000Z', 'an ordinary day'],
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', 'the day summer time begins'],
  ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z', 'the day after'],
  ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z', 'the day summer time ends'],
  ['Australia/Sydney', '2026-10-05', '2026-10-04T13:00:00.000Z', 'the other hemisphere'],
  ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z', 'no midnight: begins at 01:00'],
  ['Asia/Beirut', '2022-03-27', '2022-03-26T22:00:00.000Z', 'no midnight, east of Greenwich'],
  ['Africa/Cairo', '2023-04-28', '2023-04-27T22:00:00.000Z', 'no midnight on a Friday'],
  ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z', 'a day that never was'],
  ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z', 'midnight comes twice'],
  ['America/St_Johns', '2006-10-29', '2006-10-29T02:30:00.000Z', 'midnight twice, by a minute'],
  ['Australia/Lord_Howe', '2026-04-06', '2026-04-05T13:30:00.000Z', 'half an hour of summer time'],
  ['Asia/Kathmandu', '2026-11-23', '2026-11-22T18:15:00.000Z', 'three quarters of an hour'],
  ['Pacific/Kiritimati', '2026-11-23', '2026-11-22T10:00:00.000Z', 'fourteen hours ahead'],
  ['Etc/GMT+12', '2026-11-23', '2026-11-23T12:00:00.000Z', 'twelve hours behind'],
  ['UTC', '0001-01-01', '0001-01-01T00:00:00.000Z', 'the first day'],
  ['Europe/Berlin', '0001-01-01', '0000-12-31T23:06:32.000Z', 'the first day, by the sun'],
  ['UTC', '9999-12-31', '9999-12-31T00:00:00.000Z', 'the last day'],
])('in %s %s begins at %s (%s)', (zone, date, instant) => {
  expect(dueAt(date, zone, 0)).toBe(instant);
});

test('lead days are calendar days in the zone, not 24 hours', () => {
  expect(dueAt('2026-03-30', 'Europe/Berlin', 2)).toBe('2026-03-27T23:00:00.000Z');
});

const zones = [
  'Europe/Berlin',
  'America/Sao_Paulo',
  'Asia/Beirut',
  'America/St_Johns',
  'Pacific/Apia',
];

test('before it the clock shows an earlier day, at it the day or, if that never was, a later one', () => {
  const days = fc.integer({ min: 0, max: 47_000 }).map((day) => new Date(day * 86_400_000));
  fc.assert(
    fc.property(days, fc.constantFrom(...zones), (day, zone) => {
      const date = day.toISOString().slice(0, 10);
      const due = Date.parse(dueAt(date, zone, 0));
      expect(localDate(due, zone) >= date).toBe(true);
      expect(localDate(due - 1, zone) < date).toBe(true);
    }),
    { numRuns: 400 },
  );
});

function localDate(instant: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(instant);
}

test.each([
  'Europe/Berlin',
  'europe/berlin',
  'UTC',
  'Etc/GMT+5',
  'America/Argentina/Buenos_Aires',
  'EST',
  'US/Pacific',
])('%s is a time zone', (name) => {
  expect(isTimeZone(name)).toBe(true);
});

test.each([
  '',
  'Berlin',
  '+01:00',
  'UTC+1',
  'PST',
  'BST',
  'IST',
  'SystemV/PST8',
  'Europe/Berlin ',
  'Mars/Base',
  'a'.repeat(60_000),
])('%j is not', (name) => {
  expect(isTimeZone(name)).toBe(false);
});
