import { bytesOf } from '../../../support/events';
import { answersTo, answerTo, withMember, withData } from './answers';
import { readBody } from '../evaluate';

const start = (startDate: unknown) => withData({ startDate, endDate: undefined });
const at = (time: unknown) => withMember({ time });

test('a day that does not exist is rejected', () => {
  const days = [
    '2026-02-30',
    '2026-02-29',
    '1900-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-01',
    '2026-01-00',
  ];
  expect(answersTo(days.map(start))).toEqual(['invalid-date data.startDate']);
  expect(answersTo(['2024-02-29', '2000-02-29'].map(start))).toEqual(['accepted']);
});

test('a date that only JavaScript accepts is rejected', () => {
  const dates = [
    '1',
    '99999',
    'Thursday 2026-11-22',
    '11/22/2026',
    '2026-11-22T00:00:00Z',
    '2026-11',
    '+275760-09-13',
  ];
  expect(answersTo(dates.map(start))).toEqual(['invalid-date data.startDate']);
  expect(answersTo([...dates.slice(0, 4), '2026-11-22'].map(at))).toEqual(['invalid-time time']);
});

test('a time without an offset is rejected', () => {
  expect(
    answersTo(['2026-11-22T00:00:00', '2026-11-22T00:00:00 ', '2026-11-22T00:00'].map(at)),
  ).toEqual(['invalid-time time']);
});

test('hour 24 and second 60 are rejected', () => {
  expect(answersTo(['2026-11-22T24:00:00Z', '2016-12-31T23:59:60Z'].map(at))).toEqual([
    'invalid-time time',
  ]);
});

test.each([
  ['2026-11-22T09:30:00+14:00', '2026-11-21T19:30:00.000Z'],
  ['2026-11-22T09:30:00-12:00', '2026-11-22T21:30:00.000Z'],
  ['2026-11-22T09:30:00+05:45', '2026-11-22T03:45:00.000Z'],
  ['2026-11-22T09:30:00+23:59', '2026-11-21T09:31:00.000Z'],
  ['2026-11-22t09:30:00z', '2026-11-22T09:30:00.000Z'],
  ['2026-11-22T09:30:00.000999999999Z', '2026-11-22T09:30:00.000Z'],
  ['9999-12-31T23:59:59.9999999999Z', '9999-12-31T23:59:59.999Z'],
])('%s is %s', (time, instant) => {
  expect(readBody(bytesOf(at(time)))).toMatchObject({ event: { time: instant } });
});

test('an offset beyond 23:59 is rejected', () => {
  const offsets = ['+25:00', '+24:00', '-01:60', '+0100', '+1', 'CET'];
  expect(answersTo(offsets.map((offset) => at(`2026-11-22T09:30:00${offset}`)))).toEqual([
    'invalid-time time',
  ]);
});

test('a start long ago or far ahead is accepted, from the year 1 to 9999', () => {
  expect(
    answersTo(
      ['0001-01-01', '1900-01-01', '2016-11-23', '2026-11-24', '2031-11-23', '9999-12-31'].map(
        start,
      ),
    ),
  ).toEqual(['accepted']);
  expect(answerTo(start('0000-12-31'))).toBe('invalid-date data.startDate');
});

test('an end is on or after the start, or absent', () => {
  const ends = (endDate: unknown) => withData({ startDate: '2026-11-23', endDate });
  expect(answerTo(ends('2026-11-22'))).toBe('end-before-start data.endDate');
  expect(answersTo([ends('2026-11-23'), ends('2026-11-24'), ends(undefined)])).toEqual([
    'accepted',
  ]);
});

test('a number is not a date or time, in seconds or milliseconds', () => {
  expect(answersTo([1_790_000_000, 1_790_000_000_000].map(start))).toEqual([
    'wrong-type data.startDate',
  ]);
  expect(answersTo([1_790_000_000, 1_790_000_000_000].map(at))).toEqual(['wrong-type time']);
});

test('a time in the future or years ago is accepted', () => {
  expect(answersTo(['2099-01-01T00:00:00Z', '2001-01-01T00:00:00Z'].map(at))).toEqual(['accepted']);
});
