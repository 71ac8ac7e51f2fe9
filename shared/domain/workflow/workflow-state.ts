import { z } from 'zod';
import { Evidence } from './outcome';
import { Pace } from './timeouts';
import { ChainEnd, Run } from './run';
import { RequestPhase } from './settlement';
import { ClosingOutcome, StepOutcome, Verdict } from './step-outcome';

/** One package for one person, as planned. */
export const Step = z.object({
  packageKey: z.string(),
  ruleId: z.string(),
  wait: z.boolean(),
});
export type Step = z.infer<typeof Step>;

/** Ids of a package made whole. */
export const PackageIds = z.object({
  accessPackageId: z.string(),
  catalogId: z.string(),
  assignmentPolicyId: z.string(),
});
export type PackageIds = z.infer<typeof PackageIds>;

/** How far one step has come. `announced` is the part whose intended row still waits for its settled one. */
export const Progress = Step.extend({
  at: z.enum(['planned', 'ensured', 'requested', 'ending', 'settled']),
  announced: z.enum(['ensure', 'assign']).optional(),
  ids: PackageIds.optional(),
  requestId: z.string().optional(),
  submittedAt: z.string().optional(),
  completedAt: z.string().optional(),
  partialSince: z.string().optional(),
  phase: RequestPhase.optional(),
  graphState: z.string().optional(),
  verdict: Verdict.optional(),
  evidence: Evidence.optional(),
  outcome: StepOutcome.optional(),
  deliveredAt: z.string().optional(),
});
export type Progress = z.infer<typeof Progress>;

/** The tries of one thing that cannot be done now: since when it is tried, and how often it was. */
export const Retry = z.object({
  since: z.string(),
  tries: z.number().int(),
  defects: z.number().int(),
});
export type Retry = z.infer<typeof Retry>;

/** All that one attempt carries from leg to leg; ids, codes and times only. */
export const Journey = z.object({
  run: Run,
  pace: Pace,
  chain: ChainEnd,
  stage: z.enum(['acting', 'settling', 'closing']),
  /** The number of the next turn; a phase once released is never taken again. */
  phase: z.number().int().positive(),
  targetId: z.string().optional(),
  steps: z.array(Progress),
  polls: z.number().int().nonnegative(),
  /** A phase whose turn is still to be given back. */
  owed: z.object({ phase: z.number().int(), retry: Retry }).optional(),
  retry: Retry.optional(),
  closing: z.object({ outcome: ClosingOutcome, reason: z.string().optional() }).optional(),
});
export type Journey = z.infer<typeof Journey>;

/** The plan's part of a step's progress: what an activity is told. */
export const stepOf = ({ packageKey, ruleId, wait }: Progress): Step => ({
  packageKey,
  ruleId,
  wait,
});
