import { z } from 'zod';
import { PackageIds, PlannedStep, PolicyInForce } from '../lifecycle/plan';
import { DecidedStep, Operation, Waiting } from './workflow-state';
import { Evidence, outcomeOf, type Outcome } from './outcome';
import { Priority } from '../lifecycle/priority';
import { Timeouts } from './timeouts';
import { ChainEnd, EventRun, Run } from './run';
import { ClosingOutcome, Ending, RequestStatus, StepOutcome, StepResult } from './step-outcome';

/** What an activity answers. One that writes audit rows also answers the chain's new end, even with `later`. */
export type Answer<Done extends object> = { outcome: Outcome<Done>; chain?: ChainEnd | undefined };

/** The contract of one activity: its registered name, its input and its answer. */
export type Activity<Input, Done extends object> = {
  name: string;
  input: z.ZodType<Input>;
  output: z.ZodType<Answer<Done>>;
};

/** For an empty shape zod infers an object without members, which no outcome is assignable to. */
type MembersOf<Shape extends z.ZodRawShape> = keyof Shape extends never
  ? object
  : z.infer<z.ZodObject<Shape>>;

const activity = <Input extends z.ZodRawShape, Done extends z.ZodRawShape>(
  name: string,
  input: Input,
  done: Done,
) =>
  ({
    name,
    input: z.object(input),
    output: z.object({ outcome: outcomeOf(done), chain: ChainEnd.optional() }),
  }) as unknown as Activity<z.infer<z.ZodObject<Input>>, MembersOf<Done>>;

const written = { run: Run, chain: ChainEnd, at: z.string() };
const lock = { run: Run, fencingToken: z.number().int() };
const underLock = { ...written, step: PlannedStep, intentRecorded: z.boolean() };

/** What a person has decided about a brake of a run. */
export const ReconcileDecision = z.object({
  ...{ brake: z.string(), state: z.enum(['released', 'discarded']) },
  ...{ by: z.string(), reason: z.string() },
});
export type ReconcileDecision = z.infer<typeof ReconcileDecision>;

/** What one run of the reconciliation is to do: it compares everything, or one package, or one worker. */
export const ReconcileOptions = z.object({
  /** Repairs are reported, and not asked for. */
  dryRun: z.boolean().optional(),
  packageKey: z.string().optional(),
  workerId: z.string().optional(),
  /** Lists that are empty or have shrunk are true: somebody has seen it in Entra. */
  acceptLists: z.boolean().optional(),
  /** Compares nothing: carries out what a person has decided about a brake of the last run. */
  decision: ReconcileDecision.optional(),
});
export type ReconcileOptions = z.infer<typeof ReconcileOptions>;

/**
 * One run of the reconciliation. `id`: in its report, its rechecks and its brakes. `generation`: of what it stages. `at`: the
 * instant for which everything is compared (ISO 8601).
 */
export const ReconcileRun = EventRun.extend({
  ...{ id: z.string(), generation: z.number().int(), at: z.string() },
  options: ReconcileOptions,
});
export type ReconcileRun = z.infer<typeof ReconcileRun>;

const ofRun = { run: ReconcileRun };
/** `next`: where the next execution begins; absent at the end. */
const next = { next: z.string().optional() };

/** Every activity that an orchestration calls. Names, inputs and answers are kept in durable histories: docs/versioning.md. */
export const activities = {
  beginRun: activity(
    'beginRun',
    {
      eventHash: z.string(),
      attempt: z.number().int(),
      instanceId: z.string(),
      token: z.string(),
      version: z.number().int(),
    },
    { run: Run, timeouts: Timeouts, priority: Priority.optional() },
  ),
  /** Plans under the lock of the person, and keeps the lock with a plan that is `done`. */
  planAccess: activity(
    'planAccess',
    /** `done`: the ids of the steps that this run has carried out, or is carrying out. */
    {
      ...lock,
      done: z.array(z.string()),
      /** Since when what is left to do is held: that is asked first, without a call to Graph, until the plan changes. */
      heldSince: z.string().optional(),
      /** Until when there was time: before that, the facts are asked first, without a call to Graph. */
      parkedUntil: z.string().optional(),
      /** In what order the run gets its part of the rate of writes, and the slot that it was given. */
      priority: Priority.optional(),
      slot: z.string().optional(),
    },
    {
      targetId: z.string().optional(),
      steps: z.array(PlannedStep),
      decided: z.array(DecidedStep),
      ending: Ending.optional(),
      /** Whether something is left out until these steps are done. */
      isPartial: z.boolean(),
      /** The first later instant at which the plan changes. */
      next: z.string().optional(),
    },
  ),
  ensurePackage: activity('ensurePackage', underLock, {
    ids: PackageIds,
    policy: PolicyInForce.optional(),
  }),
  submitRequest: activity(
    'submitRequest',
    {
      ...{ ...underLock, policy: PolicyInForce.optional() },
      /** The lock to release once there is a request: of the last step that a plan has for now. */
      releases: z.number().int().optional(),
    },
    {
      requestId: z.string().optional(),
      isReleased: z.boolean().optional(),
      result: StepResult.optional(),
      evidence: Evidence.optional(),
    },
  ),
  releaseLock: activity('releaseLock', lock, {}),
  pollRequests: activity(
    'pollRequests',
    {
      run: Run,
      requests: z.array(
        z.object({
          requestId: z.string(),
          packageKey: z.string(),
          submittedAt: z.string().optional(),
        }),
      ),
    },
    {
      readings: z.array(
        z.object({
          requestStatus: RequestStatus,
          graphState: z.string(),
          completedAt: z.string().optional(),
          assignmentId: z.string().optional(),
          isAssigned: z.boolean().optional(),
          evidence: Evidence.optional(),
        }),
      ),
    },
  ),
  settleStep: activity(
    'settleStep',
    {
      ...written,
      step: PlannedStep,
      operation: Operation,
      policy: PolicyInForce.optional(),
      /** Whether the request was seen waiting for an approval. */
      sawApproval: z.boolean(),
      /** Whether the answer that told of the delivery showed the assignment as delivered too. */
      isAssigned: z.boolean().optional(),
      result: StepResult,
      submittedAt: z.string().optional(),
      completedAt: z.string().optional(),
      graphState: z.string().optional(),
      evidence: Evidence.optional(),
    },
    { outcome: StepOutcome, deliveredAt: z.string().optional() },
  ),
  recordWait: activity('recordWait', { ...written, waiting: Waiting, hasRow: z.boolean() }, {}),
  closeRun: activity(
    'closeRun',
    {
      ...written,
      fencingToken: z.number().int(),
      targetId: z.string().optional(),
      outcome: ClosingOutcome,
      reason: z.string().optional(),
      evidence: Evidence.optional(),
      deliveredAt: z.string().optional(),
      /** When the last plan of the run changes. */
      next: z.string().optional(),
      /** Whether the run ends without a plan: the next change is what was known before. */
      isUnplanned: z.boolean().optional(),
    },
    {},
  ),
};

/** Those of the orchestration `reconcile`. */
export const reconcileActivities = {
  beginReconciliation: activity(
    'beginReconciliation',
    {
      eventHash: z.string(),
      attempt: z.number().int(),
      instanceId: z.string(),
      token: z.string(),
      version: z.number().int(),
      at: z.string(),
    },
    { run: ReconcileRun, timeouts: Timeouts },
  ),
  /** Removes what earlier runs have staged, and names the lists to read. */
  prepareStaging: activity('prepareStaging', ofRun, { isReady: z.boolean() }),
  /** Reads a list on, at most 20 pages. `giveUp`: why it is left unread. The first list is the directory. */
  readScope: activity(
    'readScope',
    { ...ofRun, scope: z.number().int(), giveUp: z.string().optional() },
    { isOver: z.boolean() },
  ),
  /** Reads the roster, and then makes facts of it, shard by shard. `giveUp`: why it is left unread. */
  readRoster: activity(
    'readRoster',
    { ...ofRun, from: z.string().optional(), giveUp: z.string().optional() },
    next,
  ),
  /** Reads the people of whom facts are known. `scopes`: how many lists there are by now. */
  readExpected: activity(
    'readExpected',
    { ...ofRun, from: z.string().optional() },
    { ...next, scopes: z.number().int() },
  ),
  readOpenRuns: activity('readOpenRuns', ofRun, { open: z.number().int() }),
  compareShards: activity('compareShards', { ...ofRun, from: z.string().optional() }, next),
  applyBrakes: activity('applyBrakes', ofRun, { tripped: z.number().int() }),
  sendRechecks: activity('sendRechecks', { ...ofRun, from: z.string().optional() }, next),
  /** Carries out a decision about a brake: a release asks for the rechecks that it held. */
  decideBrake: activity('decideBrake', { ...ofRun, from: z.string().optional() }, next),
  /** `failure`: why the run could not compare everything. `giveUp`: close it although its report cannot be written out. */
  closeReconciliation: activity(
    'closeReconciliation',
    {
      ...ofRun,
      chain: ChainEnd,
      at: z.string(),
      failure: z.string().optional(),
      giveUp: z.string().optional(),
    },
    {},
  ),
};
