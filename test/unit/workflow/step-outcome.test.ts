import fc from 'fast-check';
import type { Failed, Rejected } from '../../../shared/domain/workflow/outcome';
import {
  ClosingOutcome,
  closingOutcome,
  endingOf,
  RequestStatus,
  resultOf,
  StepOutcome,
  type OpenRequest,
} from '../../../shared/domain/workflow/step-outcome';
import type { Timeouts } from '../../../shared/domain/workflow/timeouts';

const DAY = 86_400;
const timeouts: Timeouts = {
  poll: [{ every: 5 }],
  delivery: 3 * DAY,
  approval: 15 * DAY,
  partialGrace: 4 * 3600,
  identity: 14 * DAY,
  call: 6 * 3600,
};

const endOf = (request: Partial<OpenRequest>) => {
  const { outcome, reason } =
    resultOf({ status: 'open', wait: false, waited: 0, ...request }, timeouts) ?? {};
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
  ['unreadable', undefined],
  ['unknown', undefined],
];

test('every status of a request has its line here', () => {
  expect(AT_ONCE.map(([status]) => status).sort()).toEqual([...RequestStatus.options].sort());
});

test.each(AT_ONCE)('a request that is %s at once is judged %s', (status, expected) => {
  expect(endOf({ status })).toBe(expected);
});

const AT_LAST: [RequestStatus, boolean, number, string][] = [
  ['open', false, 3 * DAY, 'timed-out: delivery-deadline'],
  ['scheduled', false, 3 * DAY, 'timed-out: delivery-deadline'],
  ['waiting-for-callback', false, 3 * DAY, 'timed-out: delivery-deadline'],
  ['unknown', false, 3 * DAY, 'needs-attention: unknown-state'],
  ['unreadable', false, 3 * DAY, 'needs-attention: request-unreadable'],
  ['waiting-for-approval', true, 15 * DAY, 'timed-out: approval-deadline'],
  ['open', true, 3 * DAY, 'timed-out: delivery-deadline'],
  ['unknown', true, 3 * DAY, 'needs-attention: unknown-state'],
  ['partial', true, 4 * 3600, 'partly-delivered: partially-delivered'],
];

test.each(AT_LAST)(
  'a request that stays %s (approval waited for: %s) is judged after %d s and not before',
  (status, wait, waited, expected) => {
    expect(endOf({ status, wait, waited: waited - 1 })).toBeUndefined();
    expect(endOf({ status, wait, waited })).toBe(expected);
  },
);

test('no status but delivered ever means delivered', () => {
  const long = { waited: 1e9 };
  const others = RequestStatus.options.filter((status) => status !== 'delivered');
  for (const status of others) {
    for (const wait of [false, true]) {
      expect(endOf({ status, wait, ...long })).not.toMatch(/^delivered|^already-held/);
    }
  }
});

const table: [StepOutcome[], ClosingOutcome][] = [
  [[], 'no-matching-rule'],
  [['delivered'], 'delivered'],
  [['delivered', 'already-held'], 'delivered'],
  [['already-held', 'already-held'], 'already-held'],
  [['partly-delivered'], 'partly-delivered'],
  [['delivered', 'denied'], 'partly-delivered'],
  [['already-held', 'needs-attention'], 'partly-delivered'],
  [['partly-delivered', 'failed'], 'partly-delivered'],
  [['approval-required', 'refused-sod'], 'refused-sod'],
  [['refused-sod', 'denied'], 'denied'],
  [['denied', 'timed-out'], 'timed-out'],
  [['timed-out', 'failed'], 'failed'],
  [['failed', 'needs-attention'], 'needs-attention'],
  [['approval-required'], 'approval-required'],
  [['revoked', 'delivered'], 'delivered'],
  [['extended'], 'delivered'],
  [['revoked', 'handed-off'], 'revoked'],
  [['revoked', 'already-held'], 'revoked'],
  [['revoked', 'denied'], 'denied'],
  [['handed-off', 'waited', 'superseded'], 'no-matching-rule'],
  [['delivered', 'not-permitted'], 'delivered'],
  [['revoked', 'not-permitted'], 'revoked'],
  [['already-held', 'not-permitted'], 'already-held'],
];

test.each(table)('steps that end %j close the event as %s', (steps, expected) => {
  expect(closingOutcome(steps)).toBe(expected);
});

test('the order of the steps never matters, and access that came is never told as none', () => {
  const steps = fc.array(fc.constantFrom(...StepOutcome.options), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(steps, (outcomes) => {
      const closing = closingOutcome(outcomes);
      expect(closingOutcome(outcomes.toReversed())).toBe(closing);
      const isGiven = (one: string) => ['delivered', 'extended', 'partly-delivered'].includes(one);
      if (outcomes.some(isGiven)) expect(isGiven(closing)).toBe(true);
      if (isGiven(closing))
        expect(outcomes.some((one) => isGiven(one) || one === 'already-held')).toBe(true);
      if (closing === 'revoked') expect(outcomes).toContain('revoked');
    }),
  );
});

const failed = (why: string): Failed => ({ kind: 'failed', why });
const rejected = (reason: string): Rejected => ({ kind: 'rejected', reason });

test('a code that is an ending is that ending, and needs no reason', () => {
  expect(endingOf(failed('timed-out'), StepOutcome)).toEqual({ outcome: 'timed-out' });
  expect(endingOf(rejected('refused-sod'), StepOutcome)).toEqual({ outcome: 'refused-sod' });
  expect(endingOf(rejected('no-matching-rule'), ClosingOutcome)).toEqual({
    outcome: 'no-matching-rule',
  });
});

test('the reason of an ending is what a rejection is about', () => {
  const nearest = { ...rejected('no-matching-rule'), about: 'finance-staff' };
  expect(endingOf(nearest, ClosingOutcome)).toEqual({
    outcome: 'no-matching-rule',
    reason: 'finance-staff',
  });
});

test('a code that is an ending of an event is none of a step', () => {
  expect(endingOf(failed('no-identity'), ClosingOutcome)).toEqual({ outcome: 'no-identity' });
  expect(endingOf(failed('no-identity'), StepOutcome)).toEqual({
    outcome: 'needs-attention',
    reason: 'no-identity',
  });
});

test('a defect is a failure, and every other code is a case for a person', () => {
  expect(endingOf(failed('defect'), StepOutcome)).toEqual({ outcome: 'failed', reason: 'defect' });
  for (const code of ['permission', 'unexpected-answer', 'not-found', 'constructor', '']) {
    expect(endingOf(failed(code), StepOutcome)).toEqual({
      outcome: 'needs-attention',
      reason: code,
    });
  }
});
