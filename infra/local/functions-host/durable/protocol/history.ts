/**
 * Numbers of the history events as they travel to an orchestrator function. The list is DurableTask's own
 * (EventType.cs in Azure/durabletask); gaps are events that this host never writes.
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
  ContinueAsNew: 16,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;

/** The members of an event that the replayer uses; the others are only for the orchestrator function and for display. */
export type EventMark = {
  EventType: number;
  EventId: number;
  Timestamp?: string;
  Name?: string;
  TaskScheduledId?: number;
  TimerId?: number;
  Input?: string | null;
  InstanceId?: string;
  FireAt?: string;
  IsNonRetriable?: boolean;
};

/** One event of a history. `Input` and `Result` are JSON text; `IsPlayed` is added where an event becomes text. */
export type HistoryEvent = EventMark & {
  Timestamp: string;
  Version?: string;
  Result?: string | null;
  Reason?: string | null;
  Details?: string;
  FailureDetails?: FailureDetails | null;
  OrchestrationStatus?: number;
  OrchestrationInstance?: { InstanceId: string; ExecutionId: string };
  ParentInstance?: ParentInstance | null;
};

export type FailureDetails = {
  ErrorType: string;
  ErrorMessage: string;
  StackTrace: string | null;
  IsNonRetriable: boolean;
  Properties: unknown;
  InnerFailure: null;
};

export type ParentInstance = {
  Name: string;
  TaskScheduleId: number;
  OrchestrationInstance: { InstanceId: string; ExecutionId: string };
};

const unplayed = '{"IsPlayed":false,';
const played = '{"IsPlayed":true,';

/** The JSON text of an event that belongs to the current execution. */
export function eventText(event: HistoryEvent): string {
  return unplayed + JSON.stringify(event).slice(1);
}

/** The same text after the execution, without serialising the event a second time. */
export function playedText(text: string): string {
  return played + text.slice(unplayed.length);
}

/** An event without `IsPlayed`, which depends on its place in the history. */
export function unwritten(parsed: HistoryEvent & { IsPlayed?: boolean }): HistoryEvent {
  const { ...event } = parsed;
  delete event.IsPlayed;
  return event;
}

/** A moment as .NET writes it: UTC with seven fractional digits. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, -1)}0000Z`;
}
