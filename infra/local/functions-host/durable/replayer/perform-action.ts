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

export type World = {
  schedule: Schedule;
  events: ExternalEvents;
  executionId: string;
  limits: TimerLimits;
  now: () => number;
  continueAsNew: (input: unknown) => void;
};

/** Does what the orchestrator asked for and answers with a step that settles when history says so. */
export function performAction(action: Action, world: World): Step {
  switch (action.actionType) {
    case 0:
      return activity(action, world);
    case 1:
      return withRetry(action.retryOptions, () => activity(action, world), world);
    case 2:
      return subOrchestration(action, world);
    case 3:
      return withRetry(action.retryOptions, () => subOrchestration(action, world), world);
    case 4:
      world.continueAsNew(action.input);
      return doneStep();
    case 5:
      return timer(Date.parse(action.fireAt), action.isCanceled === true, world);
    case 6:
      return world.events.wait(action.externalEventName);
    case 11:
      return firstOf(action.compoundActions.map((child) => performAction(child, world)));
    case 12:
      return allOf(action.compoundActions.map((child) => performAction(child, world)));
    default:
      throw new UnsupportedActionError(action.actionType);
  }
}

const unsupported: Record<number, string> = {
  8: 'context.df.callHttp; make the request in an activity',
  10: 'scheduled entity signals; use a timer and an activity',
};

/** The orchestrator used a feature that the local host does not have. */
export class UnsupportedActionError extends Error {
  override name = 'UnsupportedActionError';
  constructor(actionType: number) {
    const feature = unsupported[actionType] ?? 'durable entities; keep the state in a table';
    super(`The local host does not support ${feature}.`);
  }
}

function activity(action: { functionName: string; input?: unknown }, world: World): Step {
  return world.schedule.start({
    kind: 'activity',
    name: action.functionName,
    input: action.input ?? null,
  });
}

function subOrchestration(action: SubOrchestrationAction, world: World): Step {
  const defaultId = `${world.executionId}:${world.schedule.nextId()}`;
  return world.schedule.start({
    kind: 'sub-orchestration',
    name: action.functionName,
    input: action.input ?? null,
    instanceId: action.instanceId ? action.instanceId : defaultId,
    version: action.version,
  });
}

function timer(fireAt: number, cancelled: boolean, world: World): Step {
  const { schedule, limits, now } = world;
  const long = fireAt - now() > limits.maximumShortTimer;
  const whole = openStep();
  const hop = (until: number): void => {
    if (cancelled) {
      schedule.startCancelled(until);
      settle(whole, { failed: true });
      return;
    }
    whenSettled(schedule.start({ kind: 'timer', fireAt: until }), () => {
      const left = fireAt - now();
      if (!long || left <= 0) settle(whole);
      else hop(now() + (left > limits.maximumShortTimer ? limits.longTimerInterval : left));
    });
  };
  hop(long ? now() + limits.longTimerInterval : fireAt);
  return whole;
}

/**
 * Attempt, timer, attempt, timer ... The last failure is followed by one more timer that fires at once: the extension
 * kept it for the sake of old histories, and the SDK counts its id.
 */
function withRetry(options: RetryOptions, call: () => Step, world: World): Step {
  const { schedule, now } = world;
  const whole = openStep();
  const begun = now();
  const attempt = (number: number): void => {
    const step = call();
    whenSettled(step, () => {
      if (step.state === 'done' || step.nonRetriable) {
        settle(whole, { failed: step.state === 'failed' });
        return;
      }
      const last = number >= options.maxNumberOfAttempts;
      const delay = last ? 0 : retryDelay(options, number, now() - begun);
      if (delay === undefined) {
        settle(whole, { failed: true });
        return;
      }
      whenSettled(schedule.start({ kind: 'timer', fireAt: now() + delay }), () => {
        if (last) settle(whole, { failed: true });
        else attempt(number + 1);
      });
    });
  };
  attempt(1);
  return whole;
}

/** Milliseconds before the attempt after the given one; undefined when the retry time is used up. */
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
  const whole = openStep();
  for (const step of steps) whenSettled(step, () => settle(whole));
  return whole;
}

/** Like .NET's WhenAll: it waits for every child, also after one of them failed. */
function allOf(steps: Step[]): Step {
  const whole = openStep();
  let left = steps.length;
  for (const step of steps) {
    whenSettled(step, () => {
      left -= 1;
      if (left === 0) settle(whole, { failed: steps.some((child) => child.state === 'failed') });
    });
  }
  return whole;
}
