import { z } from 'zod';
import { PlannedStep } from '../lifecycle/plan';
import { Evidence } from './outcome';
import { Priority } from '../lifecycle/priority';
import { Cause, Retries, Timeouts } from './timeouts';
import { ChainEnd, Run } from './run';
import {
  ClosingOutcome,
  Ending,
  RequestStatus,
  RequestWait,
  StepOutcome,
  StepResult,
} from './step-outcome';

/** What a run can wait for: the cause of a call's retries, or what an open request waits for. */
export const WaitingFor = z.enum([...Cause.options, ...RequestWait.options]);
export type WaitingFor = z.infer<typeof WaitingFor>;

/**
 * What an open event waits for, from when on and until when at most (ISO 8601); without an end if it is waited for without
 * one. `reason`: the code of the last answer.
 */
export const Waiting = z.object({
  for: WaitingFor,
  reason: z.string().optional(),
  since: z.string(),
  until: z.string().optional(),
});
export type Waiting = z.infer<typeof Waiting>;

/** People or dates decide how long these last, so they are recorded at once. */
const RECORDED_AT_ONCE: readonly WaitingFor[] = ['directory', 'approval', 'held', 'parked'];

/** Shorter waits are part of ordinary work, and get no row. */
const LASTING_SECONDS = 60;
/** In a bulk everybody waits for their slot: rows of that would be most of the work. */
const LASTING_IN_BULK = 1_800;

/** Whether a wait that goes on for `pause` more seconds is worth a row. */
export const isLasting = (waiting: Waiting, now: Date, pause: number): boolean =>
  RECORDED_AT_ONCE.includes(waiting.for) ||
  (now.getTime() - Date.parse(waiting.since)) / 1000 + pause >=
    (waiting.for === 'budget' ? LASTING_IN_BULK : LASTING_SECONDS);

/** What a step does to Graph: `ensure` the access package, then one request for the assignment; `plan` does nothing. */
export const Operation = z.enum(['ensure', 'assign', 'remove', 'update', 'reprocess', 'plan']);
export type Operation = z.infer<typeof Operation>;

const requestsByAction: Readonly<Record<PlannedStep['action'], Operation>> = {
  grant: 'assign',
  revoke: 'remove',
  extend: 'update',
  reprocess: 'reprocess',
  wait: 'plan',
  'hand-off': 'plan',
};

/** The request that a step makes. */
export const requestOf = ({ action }: Pick<PlannedStep, 'action'>): Operation =>
  requestsByAction[action];

/** A step of which nothing is to be carried out: the plan says how it ends. */
export const DecidedStep = PlannedStep.extend({ result: StepResult });
export type DecidedStep = z.infer<typeof DecidedStep>;

/**
 * Whether a wait that was shown is still told right. Another reason counts where a person acts on it; the reasons of an
 * outage change with each call. A later start is that of a second wait; the end of a wait may have been put off.
 */
export const isShown = (shown: Waiting | undefined, waiting: Waiting): boolean =>
  shown?.for === waiting.for &&
  (shown.reason === waiting.reason || !RECORDED_AT_ONCE.includes(waiting.for)) &&
  (shown.until === waiting.until || waiting.for !== 'parked') &&
  isNear(shown.since, waiting.since) &&
  isNear(shown.until ?? '', waiting.until ?? shown.until ?? '');

const isNear = (shown: string, time: string): boolean =>
  shown === time || (Date.parse(time) - Date.parse(shown)) / 1000 < LASTING_SECONDS;

/** How far one step has come. `openIntent`: the operation whose intended row has no settled row yet. */
export const StepState = PlannedStep.extend({
  status: z.enum(['planned', 'ensured', 'requested', 'ending', 'settled']),
  openIntent: Operation.optional(),
  submittedAt: z.string().optional(),
  completedAt: z.string().optional(),
  /** Seconds that the open request has spent in each kind of wait, as far as polls were answered. */
  waited: z.partialRecord(RequestWait, z.number()).optional(),
  requestStatus: RequestStatus.optional(),
  graphState: z.string().optional(),
  /** Whether the last reading showed the assignment as delivered. */
  isAssigned: z.boolean().optional(),
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
  priority: Priority.optional(),
  chain: ChainEnd,
  status: z.enum(['acting', 'settling', 'closing']),
  /** For the next worker lock. A token is used once: the lock refuses it after its release. */
  fencingToken: z.number().int().positive(),
  targetId: z.string().optional(),
  steps: z.array(StepState),
  /** Of the last plan: what needs no action, and how the event ends if nothing does. */
  decided: z.array(DecidedStep),
  ending: Ending.optional(),
  /** The first later instant at which the last plan changes. */
  next: z.string().optional(),
  /** Whether the last plan left something out until its steps are done, and whether it may be outdated. */
  /** Whether there has been a plan. */
  isPlanned: z.boolean(),
  isPartial: z.boolean(),
  isOutdated: z.boolean(),
  /** How many plans have added something to do. */
  rounds: z.number().int().nonnegative(),
  /** The ids of steps that this run leaves to another one. */
  passedOver: z.array(z.string()),
  /** Why no further plan could be made. */
  failure: Ending.extend({ evidence: Evidence.optional() }).optional(),
  /** Polls since an open request last changed its kind of wait, and when the last one was. */
  polls: z.number().int().nonnegative(),
  polledAt: z.string().optional(),
  /** A worker lock that is not released yet. */
  pendingRelease: z.object({ fencingToken: z.number().int() }).optional(),
  retries: RetriesByOperation,
  /** The last retry, until its operation has ended, and the kinds of waits that have a row. */
  retrying: Waiting.extend({ operation: z.string() }).optional(),
  waits: z.array(WaitingFor),
  /** The time at which the run may plan by the rate of writes, until there is a plan. */
  slot: z.string().optional(),
  /** The wait that the claim shows. */
  shownWait: Waiting.optional(),
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
export const plannedStep = (step: StepState): PlannedStep => PlannedStep.parse(step);
