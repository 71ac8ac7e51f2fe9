import { EventType, timestamp, type FailureDetails, type HistoryEvent } from './history';

/** Work that an orchestrator scheduled, with its id in history. */
export type Command =
  | { kind: 'activity'; id: number; name: string; input: unknown }
  | { kind: 'timer'; id: number; fireAt: number }
  | {
      kind: 'sub-orchestration';
      id: number;
      name: string;
      input: unknown;
      instanceId: string;
      version: string | undefined;
    };

/** How a generation ends. `Failed` and `Terminated` carry text, the others JSON values. */
export type Completion =
  | { status: 'Completed'; output: unknown }
  | { status: 'ContinuedAsNew'; input: unknown }
  | { status: 'Failed'; reason: string }
  | { status: 'Terminated'; reason: string };

/** The instance that started this one as a sub-orchestration. */
export type Parent = { name: string; instanceId: string; executionId: string; taskId: number };

const event = (EventType: number, at: number, EventId = -1) => ({
  EventType,
  EventId,
  Timestamp: timestamp(at),
});

/** JSON text of a value as .NET stores it: `undefined` becomes `null`. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value ?? null);
}

export function executionStarted(
  at: number,
  run: {
    name: string;
    version: string;
    input: string | null;
    instanceId: string;
    executionId: string;
    parent?: Parent | undefined;
  },
): HistoryEvent {
  const { parent } = run;
  return {
    ...event(EventType.ExecutionStarted, at),
    Name: run.name,
    Version: run.version,
    Input: run.input,
    OrchestrationInstance: { InstanceId: run.instanceId, ExecutionId: run.executionId },
    ParentInstance: parent
      ? {
          Name: parent.name,
          TaskScheduleId: parent.taskId,
          OrchestrationInstance: { InstanceId: parent.instanceId, ExecutionId: parent.executionId },
        }
      : null,
  };
}

export function orchestratorStarted(at: number): HistoryEvent {
  return event(EventType.OrchestratorStarted, at);
}

export function orchestratorCompleted(at: number): HistoryEvent {
  return event(EventType.OrchestratorCompleted, at);
}

/** The event that schedules a command. `withInput` puts an activity's input into history. */
export function commandEvent(command: Command, at: number, withInput: boolean): HistoryEvent {
  switch (command.kind) {
    case 'activity':
      return {
        ...event(EventType.TaskScheduled, at, command.id),
        Name: command.name,
        Version: '',
        ...(withInput ? { Input: jsonText([command.input]) } : {}),
      };
    case 'timer':
      return {
        ...event(EventType.TimerCreated, at, command.id),
        FireAt: timestamp(command.fireAt),
      };
    case 'sub-orchestration':
      return {
        ...event(EventType.SubOrchestrationInstanceCreated, at, command.id),
        Name: command.name,
        Version: command.version ?? '',
        InstanceId: command.instanceId,
        Input: jsonText(command.input),
      };
  }
}

export function timerFired(at: number, timerId: number, fireAt: string): HistoryEvent {
  return { ...event(EventType.TimerFired, at), TimerId: timerId, FireAt: fireAt };
}

export function taskCompleted(at: number, taskId: number, result: string): HistoryEvent {
  return { ...event(EventType.TaskCompleted, at), TaskScheduledId: taskId, Result: result };
}

/** The texts are those of the extension: the host's own message begins with a space. */
export function taskFailed(
  at: number,
  taskId: number,
  activity: string,
  error: { message: string; stackTrace: string },
): HistoryEvent {
  const details = failureDetails(error.message);
  return {
    ...event(EventType.TaskFailed, at),
    TaskScheduledId: taskId,
    Reason: `Activity function '${activity}' failed:  ${error.message}`,
    Details: JSON.stringify({
      $type: 'System.Exception, System.Private.CoreLib',
      ClassName: 'System.Exception',
      Message: ` ${error.message}`,
      RemoteStackTraceString: error.stackTrace,
      HResult: -2146233088,
    }),
    ...(details ? { FailureDetails: details, IsNonRetriable: details.IsNonRetriable } : {}),
  };
}

/** An app with an exception-properties provider throws errors whose message is JSON. */
function failureDetails(message: string): FailureDetails | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    const parsed = JSON.parse(message) as Record<string, unknown>;
    if (typeof parsed['errorType'] !== 'string') return undefined;
    return {
      ErrorType: parsed['errorType'],
      ErrorMessage: String(parsed['errorMessage']),
      StackTrace: typeof parsed['stackTrace'] === 'string' ? parsed['stackTrace'] : null,
      IsNonRetriable: parsed['isNonRetriable'] === true,
      Properties: parsed['properties'] ?? null,
      InnerFailure: null,
    };
  } catch {
    return undefined;
  }
}

export function subOrchestrationEnded(
  at: number,
  taskId: number,
  completion: Exclude<Completion, { status: 'ContinuedAsNew' }>,
): HistoryEvent {
  if (completion.status === 'Completed') {
    return {
      ...event(EventType.SubOrchestrationInstanceCompleted, at),
      TaskScheduledId: taskId,
      Result: jsonText(completion.output),
    };
  }
  return {
    ...event(EventType.SubOrchestrationInstanceFailed, at),
    TaskScheduledId: taskId,
    Reason: completion.reason,
    Details: '',
  };
}

const endings = { Completed: 1, ContinuedAsNew: 2, Failed: 3, Terminated: 5 } as const;

/** The last event of a generation. */
export function executionCompleted(at: number, id: number, completion: Completion): HistoryEvent {
  return {
    ...event(EventType.ExecutionCompleted, at, id),
    OrchestrationStatus: endings[completion.status],
    Result: completionText(completion),
  };
}

/** The stored text of a completion: JSON text of a value, or the reason. */
export function completionText(completion: Completion): string {
  switch (completion.status) {
    case 'Completed':
      return jsonText(completion.output);
    case 'ContinuedAsNew':
      return jsonText(completion.input);
    case 'Failed':
    case 'Terminated':
      return completion.reason;
  }
}

export function eventRaised(at: number, name: string, input: string | null): HistoryEvent {
  return { ...event(EventType.EventRaised, at), Name: name, Input: input };
}

export function executionTerminated(at: number, reason: string): HistoryEvent {
  return { ...event(EventType.ExecutionTerminated, at), Input: reason };
}

export function executionSuspended(at: number, reason: string): HistoryEvent {
  return { ...event(EventType.ExecutionSuspended, at), Reason: reason };
}

export function executionResumed(at: number, reason: string): HistoryEvent {
  return { ...event(EventType.ExecutionResumed, at), Reason: reason };
}
