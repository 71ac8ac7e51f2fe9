import {
  DEFAULT_TIMER_LIMITS,
  type Action,
  type RetryOptions,
  type SubOrchestrationAction,
  type TimerLimits,
} from '../protocol/messages';
import {
  doneStep,
  type ExternalEvents,
  openStep,
  type Schedule,
  settle,
  type Step,
  whenSettled,
} from './schedule';

export type ReplayContext = {
  schedule: Schedule;
  events: ExternalEvents;
  executionId: string;
  limits: TimerLimits;
  now: () => number;
  continueAsNew: (input: unknown) => void;
};

/** Performs an action of the orchestrator; the returned step ends when its event is read from history. */
export function performAction(action: Action, context: ReplayContext): Step {
  switch (action.actionType) {
    case 0:
      return activity(action, context);
    case 1:
      return withRetry(action.retryOptions, () => activity(action, context), context);
    case 2:
      return subOrchestration(action, context);
    case 3:
      return withRetry(action.retryOptions, () => subOrchestration(action, context), context);
    case 4:
      context.continueAsNew(action.input);
      return doneStep();
    case 5:
      return timer(Date.parse(action.fireAt), action.isCanceled === true, context);
    case 6:
      return context.events.wait(action.externalEventName);
    case 11:
      return firstOf(action.compoundActions.map((child) => performAction(child, context)));
    case 12:
      return allOf(action.compoundActions.map((child) => performAction(child, context)));
    default:
      throw new UnsupportedActionError(action.actionType);
  }
}

const unsupported: Record<number, string> = {
  8: 'context.df.callHttp; make the request in an activity',
  10: 'scheduled entity signals; use a timer and an activity',
};

/** The orchestrator used a feature that the local host does not support. */
export class UnsupportedActionError extends Error {
  override name = 'UnsupportedActionError';
  constructor(actionType: number) {
    const feature = unsupported[actionType] ?? 'durable entities; keep the state in a table';
    super(`The local host does not support ${feature}.`);
  }
}

function activity(action: { functionName: string; input?: unknown }, context: ReplayContext): Step {
  return context.schedule.start({
    kind: 'activity',
    name: action.functionName,
    input: action.input ?? null,
  });
}

function subOrchestration(action: SubOrchestrationAction, context: ReplayContext): Step {
  const defaultId = `${context.executionId}:${context.schedule.nextId()}`;
  return context.schedule.start({
    kind: 'sub-orchestration',
    name: action.functionName,
    input: action.input ?? null,
    instanceId: action.instanceId ? action.instanceId : defaultId,
    version: action.version,
  });
}

function timer(fireAt: number, cancelled: boolean, context: ReplayContext): Step {
  const { schedule, limits, now } = context;
  const long = fireAt - now() > limits.maximumShortTimer;
  const combined = openStep();
  const hop = (until: number): void => {
    if (cancelled) {
      schedule.startCancelled(until);
      settle(combined, { failed: true });
      return;
    }
    whenSettled(schedule.start({ kind: 'timer', fireAt: until }), () => {
      const left = fireAt - now();
      if (!long || left <= 0) settle(combined);
      else hop(now() + (left > limits.maximumShortTimer ? limits.longTimerInterval : left));
    });
  };
  hop(long ? now() + limits.longTimerInterval : fireAt);
  return combined;
}

/**
 * Attempt, timer, attempt, timer ... After the last failure follows one more timer, which fires at once: the extension keeps
 * it for old histories, and the SDK counts its id.
 */
function withRetry(options: RetryOptions, call: () => Step, context: ReplayContext): Step {
  const { schedule, now } = context;
  const combined = openStep();
  const begun = now();
  const attempt = (number: number): void => {
    const step = call();
    whenSettled(step, () => {
      if (step.state === 'done' || step.nonRetriable) {
        settle(combined, { failed: step.state === 'failed' });
        return;
      }
      const last = number >= options.maxNumberOfAttempts;
      const delay = last ? 0 : retryDelay(options, number, now() - begun);
      if (delay === undefined) {
        settle(combined, { failed: true });
        return;
      }
      whenSettled(schedule.start({ kind: 'timer', fireAt: now() + delay }), () => {
        if (last) settle(combined, { failed: true });
        else attempt(number + 1);
      });
    });
  };
  attempt(1);
  return combined;
}

/** Milliseconds before the next attempt; undefined if the retry timeout has passed. */
function retryDelay(options: RetryOptions, attempt: number, elapsed: number): number | undefined {
  if (options.retryTimeoutInMilliseconds && elapsed >= options.retryTimeoutInMilliseconds) {
    return undefined;
  }
  const growth = (options.backoffCoefficient ?? 1) ** (attempt - 1);
  const delay = options.firstRetryIntervalInMilliseconds * growth;
  return Math.min(
    delay,
    options.maxRetryIntervalInMilliseconds ?? DEFAULT_TIMER_LIMITS.maximumShortTimer,
  );
}

function firstOf(steps: Step[]): Step {
  const combined = openStep();
  for (const step of steps) whenSettled(step, () => settle(combined));
  return combined;
}

/** Like .NET's WhenAll: waits for every child, even after one has failed. */
function allOf(steps: Step[]): Step {
  const combined = openStep();
  let left = steps.length;
  for (const step of steps) {
    whenSettled(step, () => {
      left -= 1;
      if (left === 0) settle(combined, { failed: steps.some((child) => child.state === 'failed') });
    });
  }
  return combined;
}
