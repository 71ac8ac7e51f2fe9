/** What an orchestrator function answers: every action since the start of its generation (durable-functions 3.x). */
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

/** Replay schema V3, the newest of the stable extension bundle; V4 adds entity locks only. */
export const SCHEMA_VERSION = 2;

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
