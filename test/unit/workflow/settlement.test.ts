import type { Pace } from '../../../shared/domain/workflow/timeouts';
import {
  RequestPhase,
  verdictOn,
  type OpenRequest,
} from '../../../shared/domain/workflow/settlement';

const DAY = 86_400;
const pace: Pace = {
  poll: [{ every: 5 }],
  delivery: 3 * DAY,
  approval: 15 * DAY,
  partialGrace: 4 * 3600,
  identity: 14 * DAY,
  call: 6 * 3600,
};

const verdict = (request: Partial<OpenRequest>) => {
  const { outcome, reason } =
    verdictOn({ phase: 'open', wait: false, elapsed: 0, partialFor: 0, ...request }, pace) ?? {};
  return outcome && (reason === undefined ? outcome : `${outcome}: ${reason}`);
};

const AT_ONCE: [RequestPhase, string | undefined][] = [
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

test('every phase of a request has its line here', () => {
  expect(AT_ONCE.map(([phase]) => phase).sort()).toEqual([...RequestPhase.options].sort());
});

test.each(AT_ONCE)('a request that is %s at once is judged %s', (phase, expected) => {
  expect(verdict({ phase })).toBe(expected);
});

const AT_LAST: [RequestPhase, boolean, number, string][] = [
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
  (phase, wait, elapsed, expected) => {
    expect(verdict({ phase, wait, elapsed: elapsed - 1 })).toBeUndefined();
    expect(verdict({ phase, wait, elapsed })).toBe(expected);
  },
);

test('what was approved on the last day still has its time to be delivered', () => {
  expect(verdict({ phase: 'open', wait: true, elapsed: 14 * DAY })).toBeUndefined();
});

test('a state that cannot be read for once does not end a long wait for an approval', () => {
  expect(verdict({ phase: 'unknown', wait: true, elapsed: 10 * DAY })).toBeUndefined();
});

test('a partial delivery may heal within its grace, whatever time the request has taken', () => {
  const request = { phase: 'partial', elapsed: 10 * DAY } as const;
  expect(verdict({ ...request, partialFor: 4 * 3600 - 1 })).toBeUndefined();
  expect(verdict({ ...request, partialFor: 4 * 3600 })).toBe(
    'partly-delivered: partially-delivered',
  );
});

test('no phase but delivered ever means delivered', () => {
  const long = { elapsed: 1e9, partialFor: 1e9 };
  const others = RequestPhase.options.filter((phase) => phase !== 'delivered');
  for (const phase of others) {
    for (const wait of [false, true]) {
      expect(verdict({ phase, wait, ...long })).not.toMatch(/^delivered|^already-held/);
    }
  }
});
