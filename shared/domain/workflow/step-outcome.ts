import { z } from 'zod';
import type { Failed, Rejected } from './outcome';

/** How one step of a plan ended. */
export const StepOutcome = z.enum([
  'delivered',
  'already-held',
  'partly-delivered',
  'needs-attention',
  'failed',
  'timed-out',
  'denied',
  'refused-sod',
  'approval-required',
]);
export type StepOutcome = z.infer<typeof StepOutcome>;

/** How one attempt at one event ended; every attempt has exactly one. */
export const ClosingOutcome = z.enum([
  ...StepOutcome.options,
  'no-identity',
  'no-matching-rule',
  'terminated',
]);
export type ClosingOutcome = z.infer<typeof ClosingOutcome>;

/** The step's end and the code that explains it. */
export const StepResult = z.object({ outcome: StepOutcome, reason: z.string().optional() });
export type StepResult = z.infer<typeof StepResult>;

const worstFirst: StepOutcome[] = [
  'needs-attention',
  'failed',
  'timed-out',
  'denied',
  'refused-sod',
  'approval-required',
];

const holds = (outcome: StepOutcome): boolean =>
  outcome === 'delivered' || outcome === 'already-held';

/** What all steps together mean for the event: all, some, or the worst of none. */
export function closingOutcome(steps: readonly StepOutcome[]): ClosingOutcome {
  if (steps.length === 0) return 'no-matching-rule';
  if (steps.every((outcome) => outcome === 'already-held')) return 'already-held';
  if (steps.every(holds)) return 'delivered';
  if (steps.some((outcome) => holds(outcome) || outcome === 'partly-delivered')) {
    return 'partly-delivered';
  }
  return worstFirst.find((outcome) => steps.includes(outcome)) ?? 'failed';
}

/** A refusal or failure told as an ending out of `endings`: its own code if it is one, else a case for a person. */
export function endingOf<Ending extends string>(
  outcome: Rejected | Failed,
  endings: z.ZodType<Ending>,
): { outcome: Ending | 'failed' | 'needs-attention'; reason?: string | undefined } {
  const code = outcome.kind === 'rejected' ? outcome.reason : outcome.why;
  const ending = endings.safeParse(code);
  if (ending.success) return { outcome: ending.data };
  return { outcome: code === 'defect' ? 'failed' : 'needs-attention', reason: code };
}
