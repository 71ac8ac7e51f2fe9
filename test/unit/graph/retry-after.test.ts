import { retryAfterSeconds } from '../../../shared/graph/errors';

const now = Date.parse('2026-11-23T08:00:00Z');

test.each([
  ['7', 7],
  ['0', 0],
  [' 120 ', 120],
  ['86400', 86_400],
  ['999999999', 86_400],
  ['Mon, 23 Nov 2026 08:01:30 GMT', 90],
  ['Mon, 23 Nov 2026 07:00:00 GMT', 0],
])('Retry-After "%s" means %d seconds', (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds);
});

test.each([undefined, '', 'soon', '-5', '1.5', '2026-11-23'])(
  'Retry-After %p says nothing',
  (header) => {
    expect(retryAfterSeconds(header, now)).toBeUndefined();
  },
);
