import fc from 'fast-check';
import type { Failed, Rejected } from '../../../shared/domain/workflow/outcome';
import {
  ClosingOutcome,
  closingOutcome,
  endingOf,
  StepOutcome,
} from '../../../shared/domain/workflow/step-outcome';

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
      const some = outcomes.some((one) =>
        ['delivered', 'already-held', 'partly-delivered'].includes(one),
      );
      expect(['delivered', 'already-held', 'partly-delivered'].includes(closing)).toBe(some);
      if (closing === 'delivered') expect(outcomes).toContain('delivered');
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
