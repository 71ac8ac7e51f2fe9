import {
  type EventMark,
  eventText,
  EventType,
  type HistoryEvent,
  playedText,
} from '../protocol/history';

/** An event with its JSON text (not yet played), so that it is serialised only once. */
export type WrittenEvent = { event: HistoryEvent; text: string };

/** A text in the swap file: its place in bytes. */
export type SwapPlace = { offset: number; length: number };

/** A text in memory, or its place in the swap file. */
export type KeptText = string | SwapPlace;

/**
 * History for the orchestrator function. What is swapped out comes before what is in memory. The lists are replaced and never
 * changed, so that a snapshot, and thousands of instances without any, may share them.
 */
export type KeptHistory = {
  /** One place: with each part that is swapped out it is written again as a whole. */
  swapped: SwapPlace | undefined;
  /** For each execution the JSON text of its events, joined by commas. */
  batches: readonly string[];
  /** The members that the replayer reads, of the events in `batches`. */
  marks: readonly EventMark[];
  /** The number of events, swapped out or not. */
  eventCount: number;
};

export function noHistory(): KeptHistory {
  return { swapped: undefined, batches: none, marks: none, eventCount: 0 };
}

/** The same list for all that have nothing. */
export const none: readonly never[] = [];

export function written(event: HistoryEvent): WrittenEvent {
  return { event, text: eventText(event) };
}

export function remember(history: KeptHistory, events: readonly WrittenEvent[]): void {
  if (events.length === 0) return;
  history.marks = history.marks.concat(marksOf(events.map(({ event }) => event)));
  // Joined at once, because a flat string takes a third of the memory of its pieces.
  history.batches = history.batches.concat(events.map(({ text }) => playedText(text)).join(','));
  history.eventCount += events.length;
}

export function marksOf(events: readonly HistoryEvent[]): EventMark[] {
  return events.filter((event) => !isSilent(event)).map(mark);
}

/** Events that the replayer ignores. */
function isSilent({ EventType: type }: HistoryEvent): boolean {
  return type === EventType.OrchestratorCompleted || type === EventType.ExecutionCompleted;
}

/** Results and failures are only in the text; the input of an event or a termination is needed. */
function mark(event: HistoryEvent): EventMark {
  const { EventType: type, EventId, Timestamp, Name = '', Input, FireAt = '' } = event;
  switch (type) {
    case EventType.OrchestratorStarted:
      return { EventType: type, EventId, Timestamp };
    case EventType.TaskScheduled:
      return { EventType: type, EventId, Name };
    case EventType.TimerCreated:
      return { EventType: type, EventId, FireAt };
    case EventType.TimerFired:
      return { EventType: type, EventId, TimerId: event.TimerId ?? -1 };
    case EventType.TaskCompleted:
      return { EventType: type, EventId, TaskScheduledId: event.TaskScheduledId ?? -1 };
    case EventType.ExecutionStarted:
      return { EventType: type, EventId };
    case EventType.EventRaised:
    case EventType.ExecutionTerminated:
      return { EventType: type, EventId, Timestamp, Name, ...(Input ? { Input } : {}) };
    default: {
      const { TaskScheduledId = -1, IsNonRetriable = false } = event;
      return { EventType: type, EventId, Name, TaskScheduledId, IsNonRetriable };
    }
  }
}
