import { EventType, eventText, playedText, type EventMark, type HistoryEvent } from './history';
import type { Instance, InstanceRecord, WrittenEvent } from './instance';
import { orchestratorStarted } from './make-event';
import type { Op, SnapshotOp, TurnOp } from './op';

/** All instances of the task hub, by id. */
export type Instances = Map<string, Instance>;

/** Applies one change. The same function runs when the change is made and when the journal is read back. */
export function applyOp(instances: Instances, op: Op): void {
  switch (op.op) {
    case 'start':
      instances.set(op.record.id, { ...emptyInstance(op.record), inbox: [...op.events] });
      return;
    case 'snapshot':
      instances.set(op.record.id, fromSnapshot(op));
      return;
    case 'purge':
      instances.delete(op.id);
      return;
  }
  const instance = instances.get(op.id);
  if (!instance) return;
  switch (op.op) {
    case 'arrive':
      for (const written of op.events) arrive(instance, written);
      return;
    case 'turn':
      applyTurn(instance, op);
      return;
    case 'renew': {
      const { executionId, input, at } = op;
      const record = { ...instance.record, executionId, input, updatedAt: at };
      const later = instance.inbox.slice(op.taken);
      instances.set(op.id, { ...emptyInstance(record), inbox: [...op.events, ...later] });
    }
  }
}

function emptyInstance(record: InstanceRecord): Instance {
  return { record, marks: [], texts: [], inbox: [], activities: new Map() };
}

function arrive(instance: Instance, written: WrittenEvent): void {
  instance.inbox.push(written);
  const { EventType: type, TaskScheduledId: id } = written.event;
  const answers = type === EventType.TaskCompleted || type === EventType.TaskFailed;
  if (answers && id !== undefined) instance.activities.delete(id);
}

function applyTurn(instance: Instance, op: TurnOp): void {
  const { record } = instance;
  const started = orchestratorStarted(op.at);
  const taken = instance.inbox.splice(0, op.taken);
  record.status = op.status;
  record.updatedAt = op.at;
  if (op.customStatus !== undefined) record.customStatus = op.customStatus;
  if (op.output !== undefined) record.output = op.output;
  if (op.archived) {
    record.archived = op.archived;
    instance.marks = [];
    instance.texts = [];
    instance.inbox = [];
    instance.activities.clear();
    return;
  }
  remember(instance, { event: started, text: eventText(started) });
  for (const written of taken) remember(instance, written);
  for (const written of op.events) remember(instance, written);
  for (const activity of op.activities) instance.activities.set(activity.taskId, activity);
}

function remember(instance: Instance, { event, text }: WrittenEvent): void {
  instance.marks.push(mark(event));
  instance.texts.push(playedText(text));
}

function fromSnapshot({ record, played, events, activities }: SnapshotOp): Instance {
  const instance = emptyInstance(record);
  for (const written of events.slice(0, played)) remember(instance, written);
  instance.inbox = events.slice(played);
  for (const activity of activities) instance.activities.set(activity.taskId, activity);
  return instance;
}

/** Results and failures stay in the text only; the input of an event or a termination may be needed again. */
function mark(event: HistoryEvent): EventMark {
  const { Timestamp, Name, TaskScheduledId, TimerId, Input, FireAt, IsNonRetriable } = event;
  const keepsInput =
    event.EventType === EventType.EventRaised || event.EventType === EventType.ExecutionTerminated;
  return {
    EventType: event.EventType,
    EventId: event.EventId,
    Timestamp,
    ...(Name === undefined ? {} : { Name }),
    ...(TaskScheduledId === undefined ? {} : { TaskScheduledId }),
    ...(TimerId === undefined ? {} : { TimerId }),
    ...(FireAt === undefined ? {} : { FireAt }),
    ...(keepsInput && Input !== undefined ? { Input } : {}),
    ...(IsNonRetriable === undefined ? {} : { IsNonRetriable }),
  };
}
