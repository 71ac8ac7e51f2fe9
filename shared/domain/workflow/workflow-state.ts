import { z } from 'zod';
import { Step } from '../lifecycle/plan';
import { Evidence } from './outcome';
import { Retries, Timeouts } from './timeouts';
import { ChainEnd, Run } from './run';
import {
  ClosingOutcome,
  RequestStatus,
  RequestWait,
  StepOutcome,
  StepResult,
} from './step-outcome';

/** Graph ids of a complete access package. */
export const PackageIds = z.object({
  accessPackageId: z.string(),
  catalogId: z.string(),
  assignmentPolicyId: z.string(),
});
export type PackageIds = z.infer<typeof PackageIds>;

/** How far one step has come. `openIntent`: the operation whose intended row has no settled row yet. */
export const StepState = Step.extend({
  status: z.enum(['planned', 'ensured', 'requested', 'ending', 'settled']),
  openIntent: z.enum(['ensure', 'assign']).optional(),
  ids: PackageIds.optional(),
  requestId: z.string().optional(),
  submittedAt: z.string().optional(),
  completedAt: z.string().optional(),
  /** Seconds that the open request has spent in each kind of wait, as far as polls were answered. */
  waited: z.partialRecord(RequestWait, z.number()).optional(),
  requestStatus: RequestStatus.optional(),
  graphState: z.string().optional(),
  result: StepResult.optional(),
  evidence: Evidence.optional(),
  outcome: StepOutcome.optional(),
  deliveredAt: z.string().optional(),
});
export type StepState = z.infer<typeof StepState>;

/** What each operation of a run has waited for, by operation: its activity, with the package if it has one. */
export const RetriesByOperation = z.record(z.string(), Retries);
export type RetriesByOperation = z.infer<typeof RetriesByOperation>;

/** Everything that a run keeps between two passes, across `continueAsNew` too. Ids, codes and times only. */
export const WorkflowState = z.object({
  run: Run,
  timeouts: Timeouts,
  chain: ChainEnd,
  status: z.enum(['acting', 'settling', 'closing']),
  /** For the next worker lock. A token is used once: the lock refuses it after its release. */
  fencingToken: z.number().int().positive(),
  targetId: z.string().optional(),
  steps: z.array(StepState),
  /** Polls since an open request last changed its kind of wait, and when the last one was. */
  polls: z.number().int().nonnegative(),
  polledAt: z.string().optional(),
  /** A worker lock that is not released yet. */
  pendingRelease: z.object({ fencingToken: z.number().int() }).optional(),
  retries: RetriesByOperation,
  closing: z
    .object({
      outcome: ClosingOutcome,
      reason: z.string().optional(),
      evidence: Evidence.optional(),
    })
    .optional(),
});
export type WorkflowState = z.infer<typeof WorkflowState>;

/** The planned part of a step: what activities receive. */
export const plannedStep = ({ packageKey, ruleId, wait }: StepState): Step => ({
  packageKey,
  ruleId,
  wait,
});
