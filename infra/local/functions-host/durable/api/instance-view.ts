import { EventType, type HistoryEvent } from '../protocol/history';
import type { InstanceRecord } from '../store/state';

/** An instance as the management API shows it. Text that is not JSON (a failure, a reason) is unchanged. */
export function statusView(record: InstanceRecord, showInput: boolean) {
  return {
    name: record.name,
    instanceId: record.id,
    runtimeStatus: record.status,
    input: showInput ? parsed(record.input) : null,
    customStatus: parsed(record.customStatus),
    output: parsed(record.output),
    createdTime: toSeconds(record.createdAt),
    lastUpdatedTime: toSeconds(record.updatedAt),
  };
}

const names = new Map<number, string>(
  Object.entries(EventType).map(([name, number]) => [number, name]),
);
const scheduling: number[] = [EventType.TaskScheduled, EventType.SubOrchestrationInstanceCreated];
const endings = new Map([
  [1, 'Completed'],
  [3, 'Failed'],
  [5, 'Terminated'],
]);

/** A history as the management API shows it: without orchestrator events, and with scheduled events folded into their ends. */
export function historyView(
  history: readonly HistoryEvent[],
  show: { inputs: boolean; outputs: boolean },
): Record<string, unknown>[] {
  const scheduled = new Map(
    history.filter((event) => scheduling.includes(event.EventType)).map((e) => [e.EventId, e]),
  );
  const ended = new Set(history.map((event) => event.TaskScheduledId));
  return history
    .filter((event) => !isFolded(event, ended))
    .map((event) => eventView(event, scheduled.get(event.TaskScheduledId ?? -1), show));
}

function isFolded(event: HistoryEvent, ended: ReadonlySet<number | undefined>): boolean {
  const { EventType: type, EventId: id } = event;
  if (scheduling.includes(type)) return ended.has(id);
  return type === EventType.OrchestratorStarted || type === EventType.OrchestratorCompleted;
}

function eventView(
  event: HistoryEvent,
  origin: HistoryEvent | undefined,
  show: { inputs: boolean; outputs: boolean },
): Record<string, unknown> {
  const { Name, Input = origin?.Input, Result, Reason, FireAt } = event;
  const isStart = event.EventType === EventType.ExecutionStarted;
  const view = {
    EventType: names.get(event.EventType),
    Timestamp: event.Timestamp,
    ScheduledTime: origin?.Timestamp,
    FunctionName: origin?.Name ?? (isStart ? Name : undefined),
    Name: isStart ? undefined : Name,
    Input: show.inputs ? parsed(Input) : undefined,
    Result: show.outputs ? parsed(Result) : undefined,
    Reason,
    FireAt,
    OrchestrationStatus: endings.get(event.OrchestrationStatus ?? -1),
  };
  return Object.fromEntries(
    Object.entries(view).filter(([, value]) => value !== undefined && value !== null),
  );
}

function parsed(text: string | null | undefined): unknown {
  if (text === undefined || text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function toSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
