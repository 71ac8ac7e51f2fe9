import { eventText, EventType, playedText, type HistoryEvent } from '../protocol/history';
import type { Instance, PendingActivity } from '../store/instance';
import * as make from '../protocol/make-event';
import type { Completion, Mirrored } from '../replayer/mirror';
import { newInstance, newExecutionId, mayStart, type StartSettings } from './new-instance';
import { written, type Op } from '../store/op';
import type { Command } from '../replayer/schedule';
import type { Store } from '../store/store';
import type { Turn } from './take-turn';

/** The changes of state that a turn leads to, and what must happen once they are durable. */
export type Settled = {
  ops: Op[];
  activities: PendingActivity[];
  timers: HistoryEvent[];
  /** Instances that got something into their inbox. */
  woken: string[];
};

/** Turns what an orchestrator asked for into one commit. */
export function settleTurn(
  instance: Instance,
  turn: Turn,
  store: Store,
  settings: StartSettings,
): Settled {
  const { completion } = turn.mirrored;
  if (completion?.status === 'ContinuedAsNew') return renewed(instance, turn, completion.input);
  const commands = completion?.status === 'Terminated' ? [] : turn.mirrored.commands;
  const events = newEvents(commands, completion, turn.at, settings);
  const activities = commands.filter((command) => command.kind === 'activity').map(pendingActivity);
  const timers = events.filter(({ EventType: type }) => type === EventType.TimerCreated);
  const settled: Settled = { ops: [], activities, timers, woken: [] };
  settled.ops.push({
    op: 'turn',
    id: instance.record.id,
    at: turn.at,
    taken: turn.taken,
    status: status(turn.mirrored),
    ...(turn.customStatus === undefined ? {} : { customStatus: make.jsonText(turn.customStatus) }),
    ...(completion ? { output: make.completionText(completion) } : {}),
    ...(completion ? { archived: store.archive(wholeHistory(instance, turn, events)) } : {}),
    activities,
    events: events.map(written),
  });
  for (const command of commands) {
    if (command.kind === 'sub-orchestration')
      startChild(command, instance, turn.at, settled, store, settings);
  }
  if (completion) tellParent(instance, completion, turn.at, settled, store);
  return settled;
}

/** A new generation: another execution id, no history, and only the events that came behind the call. */
function renewed({ record }: Instance, { at, taken, mirrored }: Turn, value: unknown): Settled {
  const input = make.jsonText(value);
  const executionId = newExecutionId();
  const started = make.executionStarted(at, {
    ...record,
    instanceId: record.id,
    input,
    executionId,
  });
  const carried = mirrored.carried.map((mark) =>
    make.eventRaised(Date.parse(mark.Timestamp ?? ''), mark.Name ?? '', mark.Input ?? null),
  );
  const events = [started, ...carried].map(written);
  const ops: Op[] = [{ op: 'renew', id: record.id, at, taken, executionId, input, events }];
  return { ops, activities: [], timers: [], woken: [record.id] };
}

function newEvents(
  commands: readonly Command[],
  completion: Completion | undefined,
  at: number,
  { storeInputs }: StartSettings,
): HistoryEvent[] {
  return [
    ...commands.map((command) => make.commandEvent(command, at, storeInputs)),
    ...(completion ? [make.executionCompleted(at, -1, completion)] : []),
    make.orchestratorCompleted(at),
  ];
}

function status({ completion, suspended }: Mirrored) {
  if (completion && completion.status !== 'ContinuedAsNew') return completion.status;
  return suspended ? 'Suspended' : 'Running';
}

function pendingActivity({ id, name, input }: Command & { kind: 'activity' }): PendingActivity {
  return { taskId: id, name, input: make.jsonText(input) };
}

function wholeHistory({ turns, inbox }: Instance, turn: Turn, events: HistoryEvent[]): string {
  return [
    ...turns,
    playedText(eventText(make.orchestratorStarted(turn.at))),
    ...inbox.slice(0, turn.taken).map(({ text }) => playedText(text)),
    ...events.map((event) => playedText(eventText(event))),
  ].join(',');
}

function startChild(
  command: Command & { kind: 'sub-orchestration' },
  { record }: Instance,
  at: number,
  settled: Settled,
  store: Store,
  settings: StartSettings,
): void {
  const { instanceId, name, version, id: taskId } = command;
  if (!mayStart(store.instances.get(instanceId), settings)) {
    const reason = `An Orchestration instance with the id ${instanceId} already exists.`;
    const failed = make.subOrchestrationEnded(at, taskId, { status: 'Failed', reason });
    settled.ops.push({ op: 'arrive', id: record.id, events: [written(failed)] });
    settled.woken.push(record.id);
    return;
  }
  const { id: parentId, executionId } = record;
  const parent = { name: record.name, instanceId: parentId, executionId, taskId };
  const input = make.jsonText(command.input);
  settled.ops.push(newInstance({ id: instanceId, name, version, input, parent }, settings));
  settled.woken.push(instanceId);
}

function tellParent(
  { record: { parent } }: Instance,
  completion: Exclude<Completion, { status: 'ContinuedAsNew' }>,
  at: number,
  settled: Settled,
  store: Store,
): void {
  const waiting = parent && store.instances.get(parent.instanceId);
  if (waiting?.record.executionId !== parent?.executionId || !parent) return;
  const ended = written(make.subOrchestrationEnded(at, parent.taskId, completion));
  settled.ops.push({ op: 'arrive', id: parent.instanceId, events: [ended] });
  settled.woken.push(parent.instanceId);
}
