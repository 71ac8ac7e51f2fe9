import type { Timeouts } from '../../../shared/domain/workflow/timeouts';
import {
  RequestStatus,
  resultOf,
  type OpenRequest,
} from '../../../shared/domain/workflow/settlement';

const DAY = 86_400;
const timeouts: Timeouts = {
  poll: [{ every: 5 }],
  delivery: 3 * DAY,
  approval: 15 * DAY,
  partialGrace: 4 * 3600,
  identity: 14 * DAY,
  call: 6 * 3600,
};

const result = (request: Partial<OpenRequest>) => {
  const { outcome, reason } =
    resultOf({ status: 'open', wait: false, elapsed: 0, partialFor: 0, ...request }, timeouts) ??
    {};
  return outcome && (reason === undefined ? outcome : `${outcome}: ${reason}`);
};

const AT_ONCE: [RequestStatus, string | undefined][] = [
  ['delivered', 'delivered'],
  ['denied', 'denied'],
  ['canceled', 'denied: canceled'],
  ['failed', 'failed: delivery-failed'],
  ['waiting-for-approval', 'approval-required'],
  ['open', undefined],
  ['scheduled', undefined],
  ['waiting-for-callback', undefined],
  ['partial', undefined],
  ['unreadable', 'needs-attention: request-unreadable'],
  ['unknown', undefined],
];

test('every status of a request has its line here', () => {
  expect(AT_ONCE.map(([status]) => status).sort()).toEqual([...RequestStatus.options].sort());
});

test.each(AT_ONCE)('a request that is %s at once is judged %s', (status, expected) => {
  expect(result({ status })).toBe(expected);
});

const AT_LAST: [RequestStatus, boolean, number, string][] = [
  ['open', false, 3 * DAY, 'timed-out: delivery-deadline'],
  ['scheduled', false, 3 * DAY, 'timed-out: delivery-deadline'],
  ['waiting-for-callback', false, 3 * DAY, 'timed-out: delivery-deadline'],
  ['unknown', false, 3 * DAY, 'needs-attention: unknown-state'],
  ['waiting-for-approval', true, 15 * DAY, 'timed-out: approval-deadline'],
  ['open', true, 18 * DAY, 'timed-out: delivery-deadline'],
  ['scheduled', true, 18 * DAY, 'timed-out: delivery-deadline'],
  ['waiting-for-callback', true, 18 * DAY, 'timed-out: delivery-deadline'],
  ['unknown', true, 18 * DAY, 'needs-attention: unknown-state'],
];

test.each(AT_LAST)(
  'a request that stays %s (approval waited for: %s) is judged after %d s and not before',
  (status, wait, elapsed, expected) => {
    expect(result({ status, wait, elapsed: elapsed - 1 })).toBeUndefined();
    expect(result({ status, wait, elapsed })).toBe(expected);
  },
);

test('what was approved on the last day still has its time to be delivered', () => {
  expect(result({ status: 'open', wait: true, elapsed: 14 * DAY })).toBeUndefined();
});

test('a state that cannot be read for once does not end a long wait for an approval', () => {
  expect(result({ status: 'unknown', wait: true, elapsed: 10 * DAY })).toBeUndefined();
});

test('a partial delivery may heal within its grace, whatever time the request has taken', () => {
  const request = { status: 'partial', elapsed: 10 * DAY } as const;
  expect(result({ ...request, partialFor: 4 * 3600 - 1 })).toBeUndefined();
  expect(result({ ...request, partialFor: 4 * 3600 })).toBe(
    'partly-delivered: partially-delivered',
  );
});

test('no status but delivered ever means delivered', () => {
  const long = { elapsed: 1e9, partialFor: 1e9 };
  const others = RequestStatus.options.filter((status) => status !== 'delivered');
  for (const status of others) {
    for (const wait of [false, true]) {
      expect(result({ status, wait, ...long })).not.toMatch(/^delivered|^already-held/);
    }
  }
});
