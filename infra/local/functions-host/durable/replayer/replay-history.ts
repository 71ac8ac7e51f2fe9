import { type EventMark, EventType } from '../protocol/history';
import type { Command, Completion } from '../protocol/make-event';
import {
  type OrchestratorReply,
  DEFAULT_TIMER_LIMITS,
  type TimerLimits,
} from '../protocol/messages';
import { performAction, type ReplayContext } from './perform-action';
import { createExternalEvents, createSchedule, whenSettled } from './schedule';

export type ReplayResult = {
  /** The commands that history does not have yet, in the order of their ids. */
  commands: Command[];
  completion: Completion | undefined;
  suspended: boolean;
  /** Events that arrived after a continue-as-new and belong to the next generation. */
  carried: EventMark[];
};

type ReplayInput = {
  name: string;
  executionId: string;
  history: Iterable<EventMark>;
  reply: OrchestratorReply;
  limits?: TimerLimits;
  /** Also compares inputs, which the extension does not; for tests. */
  compareInputs?: boolean;
};

/**
 * Replays the actions of a reply against the history that produced it, as the durable extension does: take an action,
 * schedule it, wait for its event, take the next. The remaining actions are new work. Throws NonDeterminismError if history
 * has an event that no action schedules, and UnsupportedActionError for an unsupported action.
 */
export function replayHistory(input: ReplayInput): ReplayResult {
  const state: State = { now: 0, suspended: false, held: [], carried: [] };
  const schedule = createSchedule(input.compareInputs);
  const events = createExternalEvents();
  const context: ReplayContext = {
    schedule,
    events,
    executionId: input.executionId,
    limits: input.limits ?? DEFAULT_TIMER_LIMITS,
    now: () => state.now,
    continueAsNew: (value) => (state.nextInput = { value }),
  };
  const begin = (): void => runActions(input, context, state);
  for (const event of input.history) replayEvent(event, context, state, begin);

  const { completion } = state;
  // An orchestrator that returned stays open while it is suspended or anything it scheduled still runs; a terminated
  // one does not.
  const mayEnd = !state.suspended && !schedule.hasOpen();
  const ended = completion?.status === 'Terminated' || mayEnd;
  return {
    commands: schedule.commands(),
    completion: ended ? completion : undefined,
    suspended: state.suspended,
    carried: state.carried,
  };
}

type State = {
  now: number;
  suspended: boolean;
  held: EventMark[];
  carried: EventMark[];
  nextInput?: { value: unknown };
  completion?: Completion;
};

function runActions({ name, reply }: ReplayInput, context: ReplayContext, state: State): void {
  const actions = reply.actions[0] ?? [];
  let next = 0;
  const proceed = (): void => {
    for (let action = actions[next]; action !== undefined; action = actions[next]) {
      next += 1;
      const step = performAction(action, context);
      if (step.state === 'open') {
        whenSettled(step, proceed);
        return;
      }
    }
    finish();
  };
  const finish = (): void => {
    if (reply.error) {
      const reason = `Orchestrator function '${name}' failed: ${reply.error}`;
      state.completion = { status: 'Failed', reason };
    } else if (reply.isDone) {
      state.completion = state.nextInput
        ? { status: 'ContinuedAsNew', input: state.nextInput.value }
        : { status: 'Completed', output: reply.output };
    }
  };
  proceed();
}

function replayEvent(
  event: EventMark,
  context: ReplayContext,
  state: State,
  begin: () => void,
): void {
  const { schedule } = context;
  switch (event.EventType) {
    case EventType.OrchestratorStarted:
      state.now = Date.parse(event.Timestamp ?? '');
      return;
    case EventType.ExecutionTerminated:
      state.completion = { status: 'Terminated', reason: event.Input ?? '' };
      return;
    case EventType.ExecutionSuspended:
      state.suspended = true;
      schedule.park();
      return;
    case EventType.ExecutionResumed:
      state.suspended = false;
      schedule.unpark();
      for (const held of state.held.splice(0)) replayEvent(held, context, state, begin);
      return;
    default:
      if (state.suspended) state.held.push(event);
      else advance(event, context, state, begin);
  }
}

function advance(event: EventMark, context: ReplayContext, state: State, begin: () => void): void {
  const { schedule, events } = context;
  switch (event.EventType) {
    case EventType.ExecutionStarted: {
      begin();
      return;
    }
    case EventType.TaskScheduled:
    case EventType.SubOrchestrationInstanceCreated:
    case EventType.TimerCreated: {
      schedule.confirm(event);
      return;
    }
    case EventType.TaskCompleted:
    case EventType.SubOrchestrationInstanceCompleted: {
      schedule.end(event.TaskScheduledId, { failed: false });
      return;
    }
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceFailed: {
      const nonRetriable = event.IsNonRetriable ?? false;
      schedule.end(event.TaskScheduledId, { failed: true, nonRetriable });
      return;
    }
    case EventType.TimerFired: {
      schedule.end(event.TimerId, { failed: false });
      return;
    }
    case EventType.EventRaised:
      if (state.nextInput) state.carried.push(event);
      else events.raise(event.Name ?? '');
  }
}
