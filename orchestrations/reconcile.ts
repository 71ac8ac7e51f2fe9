import type { OrchestrationContext } from 'durable-functions';
import { z } from 'zod';
import {
  reconcileActivities as activities,
  ReconcileRun,
  type Activity,
} from '../shared/domain/workflow/activities';
import { ChainEnd, START_OF_CHAIN } from '../shared/domain/workflow/run';
import { Timeouts, type RetryBudgets } from '../shared/domain/workflow/timeouts';
import { RetriesByOperation, type WorkflowState } from '../shared/domain/workflow/workflow-state';
import {
  now,
  secondsFrom,
  sleepUntil,
  versionOf,
  type DurableContext,
  type WorkflowGenerator,
} from './durable';
import { callWithRetry } from './retry';

// One run of the reconciliation. It reads, plans with the planner of every run, and asks for rechecks; it never writes to
// Graph. What it reads stands in the table `staging`: the history holds counts and references.
//
//   1. begin      this execution becomes the run of its attempt, alone by a lease
//   2. prepare    what earlier runs staged is removed, and the lists to read are named
//   3. read       the directory, then the roster, whose news become facts, then everybody of whom facts are known, then who
//                 holds each package, then whose run is open
//   4. compare    shard by shard: what should be against what is
//   5. brakes     on the whole plan, before the first recheck
//   6. send       one recheck for each person, with a permit
//   7. close      the report, and the one closing row of the attempt
//
// What a person decides about a brake is an event of the same kind: between begin and close it carries out the decision.
//
// A list that cannot be read is left `incomplete`, and the run goes on without it.

/** Each task adds up to four history events, so a generation stays below 500. */
const maxTasks = 90;
/** A list is not worth more than this: the next run reads it again. */
const longestCallSeconds = 600;
const closeRetrySeconds = 900;
const beginBudgets: RetryBudgets = { identity: 0, call: 600, delivery: 0 };

const Step = z.enum([
  'prepare',
  'read',
  'roster',
  'people',
  'open',
  'compare',
  'brakes',
  'send',
  'decide',
  'close',
]);

/** Everything that a run keeps between two generations. `from`: where its step goes on. */
const State = z.object({
  run: ReconcileRun,
  timeouts: Timeouts,
  chain: ChainEnd,
  step: Step,
  from: z.string().optional(),
  scope: z.number().int(),
  scopes: z.number().int(),
  failure: z.string().optional(),
  /** Why the report is no longer waited for. */
  giveUp: z.string().optional(),
});
type State = z.infer<typeof State>;

const Input = z.object({
  eventHash: z.string(),
  attempt: z.number().int(),
  token: z.string(),
  state: State.optional(),
  retries: RetriesByOperation.default({}),
  wakeAt: z.string().optional(),
});
type Input = z.infer<typeof Input>;

type Pause = number | 'over';
type Holder = Pick<WorkflowState, 'retries' | 'retrying'>;

export function* reconcile(context: OrchestrationContext): WorkflowGenerator<void> {
  const durable: DurableContext = { context, tasks: 0 };
  const input = Input.parse(context.df.getInput());
  const holder: Holder = { retries: input.retries };
  for (;;) {
    if (input.wakeAt) yield* sleepUntil(durable, new Date(input.wakeAt));
    const pause = yield* input.state
      ? nextStep(durable, holder, input.state)
      : begin(durable, holder, input);
    if (pause === 'over') return;
    input.retries = holder.retries;
    input.wakeAt = pause > 0 ? secondsFrom(now(durable), pause).toISOString() : undefined;
    if (durable.tasks > maxTasks) {
      context.df.continueAsNew(input);
      return;
    }
  }
}

function* begin(durable: DurableContext, holder: Holder, input: Input): WorkflowGenerator<Pause> {
  const { eventHash, attempt, token } = input;
  const { instanceId } = durable.context.df;
  const operation = { activity: activities.beginReconciliation, budgets: beginBudgets };
  const { outcome, chain } = yield* callWithRetry(durable, holder, operation, {
    ...{ eventHash, attempt, token, instanceId, version: versionOf(durable.context) },
    at: now(durable).toISOString(),
  });
  // Another run has the lease, the tenant is another one, or this execution is late: the activity has closed what it had to.
  if (outcome.kind === 'rejected') return 'over';
  if (outcome.kind === 'failed') throw new Error(outcome.why);
  if (outcome.kind === 'retry') return outcome.seconds;
  const { run, timeouts } = outcome;
  input.state = {
    run,
    timeouts,
    chain: chain ?? START_OF_CHAIN,
    step: run.options.decision ? 'decide' : 'prepare',
    scope: 0,
    scopes: 1,
  };
  return 0;
}

function* nextStep(
  durable: DurableContext,
  holder: Holder,
  state: State,
): WorkflowGenerator<Pause> {
  const { run, from } = state;
  switch (state.step) {
    case 'prepare': {
      const done = yield* attempt(durable, holder, state, activities.prepareStaging, { run });
      if (typeof done === 'number') return done;
      if (done.isReady) state.step = 'read';
      return 0;
    }
    case 'read':
      return yield* readScope(durable, holder, state);
    case 'roster': {
      const operation = { activity: activities.readRoster };
      const done = yield* attemptOrLeave(durable, holder, state, operation, { run, from });
      return typeof done === 'number' ? done : goOn(state, done.next, 'people');
    }
    case 'people': {
      const done = yield* attempt(durable, holder, state, activities.readExpected, { run, from });
      if (typeof done === 'number') return done;
      state.scopes = done.scopes;
      return goOn(state, done.next, 'read');
    }
    case 'open': {
      const done = yield* attempt(durable, holder, state, activities.readOpenRuns, { run });
      if (typeof done === 'number') return done;
      return goOn(state, undefined, 'compare');
    }
    case 'compare': {
      const done = yield* attempt(durable, holder, state, activities.compareShards, { run, from });
      return typeof done === 'number' ? done : goOn(state, done.next, 'brakes');
    }
    case 'brakes': {
      const done = yield* attempt(durable, holder, state, activities.applyBrakes, { run });
      return typeof done === 'number' ? done : goOn(state, undefined, 'send');
    }
    case 'send': {
      const done = yield* attempt(durable, holder, state, activities.sendRechecks, { run, from });
      return typeof done === 'number' ? done : goOn(state, done.next, 'close');
    }
    case 'decide': {
      const done = yield* attempt(durable, holder, state, activities.decideBrake, { run, from });
      return typeof done === 'number' ? done : goOn(state, done.next, 'close');
    }
    case 'close':
      return yield* close(durable, holder, state);
  }
}

/** To the next part of the same step, or to the next step. */
function goOn(state: State, next: string | undefined, step: State['step']): number {
  state.from = next;
  if (next === undefined) state.step = step;
  return 0;
}

/** The lists one after another: the directory alone comes before the people, and all others after them. */
function* readScope(
  durable: DurableContext,
  holder: Holder,
  state: State,
): WorkflowGenerator<Pause> {
  const { run, scope } = state;
  if (scope >= state.scopes) return goOn(state, undefined, 'open');
  const operation = { activity: activities.readScope, key: `${scope}` };
  const read = yield* attemptOrLeave(durable, holder, state, operation, { run, scope });
  if (typeof read === 'number') return read;
  if (!read.isOver) return 0;
  state.scope += 1;
  if (scope === 0) state.step = 'roster';
  return 0;
}

/** What cannot be read of a list is told to the activity, so that it is left `incomplete`. */
function* attemptOrLeave<Input extends { giveUp?: string | undefined }, Done extends object>(
  durable: DurableContext,
  holder: Holder,
  state: State,
  operation: { activity: Activity<Input, Done>; key?: string },
  input: Input,
): WorkflowGenerator<Done | number> {
  const budgets = budgetsOf(state);
  const { outcome } = yield* callWithRetry(durable, holder, { ...operation, budgets }, input);
  if (outcome.kind === 'done') return outcome;
  if (outcome.kind === 'retry') return outcome.seconds;
  const giveUp = outcome.kind === 'failed' ? outcome.why : outcome.reason;
  return yield* attempt(durable, holder, state, operation.activity, { ...input, giveUp });
}

/** The answer of one activity, or the seconds to wait. What cannot be done at all ends the run as incomplete. */
function* attempt<Input, Done extends object>(
  durable: DurableContext,
  holder: Holder,
  state: State,
  activity: Activity<Input, Done>,
  input: Input,
): WorkflowGenerator<Done | number> {
  const operation = { activity, budgets: budgetsOf(state) };
  const { outcome } = yield* callWithRetry(durable, holder, operation, input);
  if (outcome.kind === 'done') return outcome;
  if (outcome.kind === 'retry') return outcome.seconds;
  state.failure = outcome.kind === 'failed' ? outcome.why : outcome.reason;
  state.step = 'close';
  return 0;
}

const budgetsOf = ({ timeouts }: State): RetryBudgets => {
  const call = Math.min(timeouts.call, longestCallSeconds);
  return { identity: 0, call, delivery: call };
};

/**
 * Retried until it succeeds, because no attempt may end without its closing row. The report stands in a table by then; that
 * it cannot be written out, too, keeps no later run waiting.
 */
function* close(durable: DurableContext, holder: Holder, state: State): WorkflowGenerator<Pause> {
  const { run, chain, failure, giveUp } = state;
  const operation = { activity: activities.closeReconciliation, budgets: budgetsOf(state) };
  const { outcome, exhausted } = yield* callWithRetry(durable, holder, operation, {
    ...{ run, chain, failure, giveUp, at: now(durable).toISOString() },
  });
  if (outcome.kind === 'retry') return outcome.seconds;
  if (!exhausted) return 'over';
  if (giveUp !== undefined) return closeRetrySeconds;
  state.giveUp = exhausted;
  return 0;
}
