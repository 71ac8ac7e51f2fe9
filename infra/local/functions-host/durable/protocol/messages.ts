import { formatTimeSpan } from '../../host-json';

/** The reply of an orchestrator function: every action since the start of its generation (durable-functions 3.x). */
export type OrchestratorReply = {
  isDone: boolean;
  actions: Action[][];
  schemaVersion?: number;
  output?: unknown;
  error?: string;
  customStatus?: unknown;
};

export type RetryOptions = {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
};

export type SubOrchestrationAction = {
  functionName: string;
  instanceId?: string;
  version?: string;
  input?: unknown;
};

export type Action =
  | { actionType: 0; functionName: string; input?: unknown }
  | { actionType: 1; functionName: string; input?: unknown; retryOptions: RetryOptions }
  | ({ actionType: 2 } & SubOrchestrationAction)
  | ({ actionType: 3; retryOptions: RetryOptions } & SubOrchestrationAction)
  | { actionType: 4; input?: unknown }
  | { actionType: 5; fireAt: string; isCanceled?: boolean }
  | { actionType: 6; externalEventName: string }
  | { actionType: 11 | 12; compoundActions: Action[] }
  | { actionType: 7 | 8 | 9 | 10 | 13 | 14 };

const DAY = 86_400_000;

/** In milliseconds. The SDK gets the same values and splits long timers by the same rule. */
export type TimerLimits = { maximumShortTimer: number; longTimerInterval: number };

export const DEFAULT_TIMER_LIMITS: TimerLimits = {
  maximumShortTimer: 6 * DAY,
  longTimerInterval: 3 * DAY,
};

/** Replay schema V3, the newest of the stable extension bundle; V4 adds entity locks only. */
const SCHEMA_VERSION = 2;

const marker = '\n\n$OutOfProcData$:';

/**
 * Reads the reply out of a failed orchestrator invocation: durable-functions throws an error whose message ends in the
 * reply as JSON. Any other error is one of the function itself and becomes the reply's `error`.
 */
export function replyFromError(message: string): OrchestratorReply {
  const at = message.indexOf(marker);
  if (at < 0) return failedReply(message);
  return JSON.parse(message.slice(at + marker.length)) as OrchestratorReply;
}

export function failedReply(error: string): OrchestratorReply {
  return { isDone: false, actions: [[]], schemaVersion: SCHEMA_VERSION, error };
}

/**
 * The text that triggers an orchestrator function. `events` are JSON texts, each of one event or several joined by commas,
 * and `input` is JSON text, so that existing text is never parsed and is copied once.
 */
export function orchestratorPayload(execution: {
  instanceId: string;
  parentInstanceId: string | undefined;
  input: string | null;
  events: readonly string[];
  isReplaying: boolean;
  limits?: TimerLimits;
}): string {
  const limits = execution.limits ?? DEFAULT_TIMER_LIMITS;
  const settings = JSON.stringify({
    instanceId: execution.instanceId,
    isReplaying: execution.isReplaying,
    parentInstanceId: execution.parentInstanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: SCHEMA_VERSION,
    longRunningTimerIntervalDuration: formatTimeSpan(limits.longTimerInterval),
    maximumShortTimerDuration: formatTimeSpan(limits.maximumShortTimer),
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  const head = `{"input":${execution.input ?? 'null'},${settings.slice(1, -1)},"history":[`;
  const [first = '', ...rest] = execution.events;
  const last = rest.pop();
  return last === undefined ? `${head}${first}]}` : [head + first, ...rest, `${last}]}`].join(',');
}
