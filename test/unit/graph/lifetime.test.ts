import { endUnder } from '../../../shared/graph/answers';

const from = '2026-11-20T09:30:00Z';
const end = (expiration: object) => endUnder({ expiration }, from);

test('access under a policy without an end has none', () => {
  expect(end({ type: 'noExpiration' })).toBeUndefined();
  expect(end({ type: 'notSpecified' })).toBeUndefined();
  expect(endUnder({ expiration: null }, from)).toBeUndefined();
});

test('a day on which all access ends is the end, however late it began', () => {
  expect(end({ type: 'afterDateTime', endDateTime: '2026-12-31T00:00:00Z' })).toBe(
    '2026-12-31T00:00:00Z',
  );
});

test.each([
  ['P90D', '2027-02-18T09:30:00.000Z'],
  ['P2W', '2026-12-04T09:30:00.000Z'],
  ['PT8H', '2026-11-20T17:30:00.000Z'],
  ['P1DT30M', '2026-11-21T10:00:00.000Z'],
  ['P6M', '2027-05-20T09:30:00.000Z'],
  ['P1Y', '2027-11-20T09:30:00.000Z'],
])('a lifetime of %s counts from the beginning', (duration, expected) => {
  expect(end({ type: 'AfterDuration', duration })).toBe(expected);
});

test('an end that is missing is refused as well', () => {
  expect(() => end({ type: 'afterDateTime', endDateTime: null })).toThrow('invalid-value');
});

test.each(['', 'P', 'PT', 'P-1D', '90 days', 'P1.5D'])(
  'a lifetime of "%s" is refused: it must not become access without an end',
  (duration) => {
    expect(() => end({ type: 'afterDuration', duration })).toThrow('invalid-value');
  },
);
