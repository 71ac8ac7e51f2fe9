import { EventType, type HistoryEvent, unwritten } from '../protocol/history';
import { orchestratorStarted, type Parent } from '../protocol/make-event';
import {
  type KeptHistory,
  type KeptText,
  none,
  noHistory,
  remember,
  written,
  type WrittenEvent,
} from './kept-history';

export type RuntimeStatus =
  'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated';

/** The place of an ended instance's history: archive segment, offset and length in bytes. */
export type ArchivePlace = { segment: number; offset: number; length: number };

/** The durable record of an instance. `input`, `output` and `customStatus` are JSON text, times milliseconds. */
export type InstanceRecord = {
  id: string;
  name: string;
  version: string;
  executionId: string;
  parent?: Parent | undefined;
  status: RuntimeStatus;
  input: string | null;
  output?: string | undefined;
  customStatus?: string | undefined;
  createdAt: number;
  updatedAt: number;
  archived?: ArchivePlace | undefined;
};

/** A scheduled activity without a result. `input` is JSON text. */
export type PendingActivity = { taskId: number; name: string; input: string };

/** One whose input may be in the swap file: thousands may wait for their turn. */
export type KeptActivity = { taskId: number; name: string; input: KeptText };

/** An instance in memory. */
export type Instance = {
  /** Replaced and never changed, so that a snapshot may share it. */
  record: Readonly<InstanceRecord>;
  history: KeptHistory;
  inbox: WrittenEvent[];
  /** Replaced and never changed, like the record. */
  activities: readonly KeptActivity[];
};

export function isLive({ status }: InstanceRecord): boolean {
  return status === 'Pending' || status === 'Running' || status === 'Suspended';
}

/** One change of state. After a crash, either all changes of a commit exist or none. */
export type Op =
  | { op: 'start'; record: InstanceRecord; events: WrittenEvent[] }
  | { op: 'arrive'; id: string; events: WrittenEvent[] }
  | ExecutionOp
  | RenewOp
  | { op: 'purge'; id: string; events: [] }
  | SnapshotOp;

/** An execution took `taken` events from the inbox and added `events`; `at` is its time in milliseconds. */
type ExecutionOp = {
  op: 'turn';
  id: string;
  at: number;
  taken: number;
  events: WrittenEvent[];
  activities: PendingActivity[];
  status: RuntimeStatus;
  customStatus?: string | undefined;
  output?: string | undefined;
  archived?: ArchivePlace | undefined;
};

/** The next generation of an instance begins with `events`; `taken` events of the inbox belonged to the last. */
type RenewOp = {
  op: 'renew';
  id: string;
  at: number;
  taken: number;
  executionId: string;
  input: string;
  events: WrittenEvent[];
};

/** A complete instance: the first `played` events are history, the rest is its inbox. */
export type SnapshotOp = {
  op: 'snapshot';
  record: InstanceRecord;
  played: number;
  activities: readonly PendingActivity[];
  events: WrittenEvent[];
};

/** One line of the journal, with the existing texts of the events. */
export function commitText(ops: readonly Op[]): string {
  return `[${ops.map(opText).join(',')}]\n`;
}

function opText({ events, ...rest }: Op): string {
  const head = JSON.stringify(rest).slice(0, -1);
  return `${head},"events":[${events.map(({ text }) => text).join(',')}]}`;
}

/** Reads a line. Throws if it is not complete. */
export function parseCommit(line: string): Op[] {
  const ops = JSON.parse(line) as (Omit<Op, 'events'> & { events: HistoryEvent[] })[];
  return ops.map((op) => {
    const events = op.events.map((event) => written(unwritten(event)));
    return { ...op, events } as Op;
  });
}

/** All instances of the task hub, by id. */
export type Instances = Map<string, Instance>;

/** Applies one change, both when it is made and when the journal is read. */
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
      applyExecution(instance, op);
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
  return { record, history: noHistory(), inbox: [], activities: none };
}

function arrive(instance: Instance, written: WrittenEvent): void {
  instance.inbox.push(written);
  const { EventType: type, TaskScheduledId: id } = written.event;
  const answers = type === EventType.TaskCompleted || type === EventType.TaskFailed;
  if (!answers) return;
  const left = instance.activities.filter(({ taskId }) => taskId !== id);
  instance.activities = left.length > 0 ? left : none;
}

function applyExecution(instance: Instance, op: ExecutionOp): void {
  const { status, at: updatedAt, customStatus, output, archived } = op;
  const started = orchestratorStarted(updatedAt);
  const taken = instance.inbox.splice(0, op.taken);
  instance.record = {
    ...instance.record,
    ...{ status, updatedAt },
    ...(customStatus !== undefined && { customStatus }),
    ...(output !== undefined && { output }),
    ...(archived && { archived }),
  };
  if (archived) {
    instance.history = noHistory();
    instance.inbox = [];
    instance.activities = none;
    return;
  }
  remember(instance.history, [written(started), ...taken, ...op.events]);
  if (op.activities.length > 0) instance.activities = instance.activities.concat(op.activities);
}

function fromSnapshot({ record, played, events, activities }: SnapshotOp): Instance {
  const instance = emptyInstance(record);
  remember(instance.history, events.slice(0, played));
  instance.inbox = events.slice(played);
  if (activities.length > 0) instance.activities = activities;
  return instance;
}
