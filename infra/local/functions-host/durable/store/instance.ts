import type { EventMark, HistoryEvent } from '../protocol/history';
import type { Parent } from '../protocol/make-event';

export type RuntimeStatus =
  'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated';

/** Where the history of an ended instance lies: archive segment, offset and length in bytes. */
export type ArchivePlace = { segment: number; offset: number; length: number };

/** What is known of an instance for good. `input`, `output` and `customStatus` are JSON text, times milliseconds. */
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

/** An event with its JSON text (as not yet played), so that it is written as text only once. */
export type WrittenEvent = { event: HistoryEvent; text: string };

/** An activity that was scheduled and has not answered. `input` is JSON text. */
export type PendingActivity = { taskId: number; name: string; input: string };

/** An instance in memory. */
export type Instance = {
  record: InstanceRecord;
  /** History as the orchestrator function gets it: for each turn the JSON text of its events, joined by commas. */
  turns: string[];
  /** The number of events in it. */
  eventCount: number;
  /** What the mirror reads of it. */
  marks: EventMark[];
  inbox: WrittenEvent[];
  activities: Map<number, PendingActivity>;
};

export function isLive({ status }: InstanceRecord): boolean {
  return status === 'Pending' || status === 'Running' || status === 'Suspended';
}
