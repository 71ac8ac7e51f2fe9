import { eventText, unwritten, type HistoryEvent } from '../protocol/history';
import type {
  ArchivePlace,
  InstanceRecord,
  PendingActivity,
  RuntimeStatus,
  WrittenEvent,
} from './instance';

/** One change of state. A commit is a list of them, and either all or none survives a crash. */
export type Op =
  | { op: 'start'; record: InstanceRecord; events: WrittenEvent[] }
  | { op: 'arrive'; id: string; events: WrittenEvent[] }
  | TurnOp
  | RenewOp
  | { op: 'purge'; id: string; events: [] }
  | SnapshotOp;

/** A turn took `taken` events from the inbox and added `events`; `at` is its time in milliseconds. */
export type TurnOp = {
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
export type RenewOp = {
  op: 'renew';
  id: string;
  at: number;
  taken: number;
  executionId: string;
  input: string;
  events: WrittenEvent[];
};

/** The whole of an instance: the first `played` events are history, the rest is its inbox. */
export type SnapshotOp = {
  op: 'snapshot';
  record: InstanceRecord;
  played: number;
  activities: PendingActivity[];
  events: WrittenEvent[];
};

export function written(event: HistoryEvent): WrittenEvent {
  return { event, text: eventText(event) };
}

/** One line of the journal. Events are spliced in as the text that they already have. */
export function commitText(ops: readonly Op[]): string {
  return `[${ops.map(opText).join(',')}]\n`;
}

function opText({ events, ...rest }: Op): string {
  const head = JSON.stringify(rest).slice(0, -1);
  return `${head},"events":[${events.map(({ text }) => text).join(',')}]}`;
}

/** Reads a line back. Throws on anything that is not a whole line. */
export function parseCommit(line: string): Op[] {
  const ops = JSON.parse(line) as (Omit<Op, 'events'> & { events: HistoryEvent[] })[];
  return ops.map((op) => {
    const events = op.events.map((event) => written(unwritten(event)));
    return { ...op, events } as Op;
  });
}
