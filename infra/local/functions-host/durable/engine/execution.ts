import type { AppFunction } from '../../app/function-table';
import type { Invocation, InvocationResult, Invoke } from '../../app/invoke';
import {
  type EventMark,
  eventText,
  EventType,
  type HistoryEvent,
  playedText,
} from '../protocol/history';
import { orchestratorStarted, type Completion, type Command } from '../protocol/make-event';
import * as make from '../protocol/make-event';
import {
  failedReply,
  orchestratorPayload,
  type OrchestratorReply,
  replyFromError,
} from '../protocol/messages';
import { UnsupportedActionError } from '../replayer/perform-action';
import { mirror, type Mirrored } from '../replayer/replay-history';
import { NonDeterminismError } from '../replayer/schedule';
import { type Instance, type Op, type PendingActivity, written } from '../store/state';
import type { Store } from '../store/store';
import { mayStart, newExecutionId, newInstance, type StartSettings } from './new-instance';

/** What one execution of an orchestrator function came to. `taken` events of the inbox were part of it. */
type Turn = { at: number; taken: number; mirrored: Mirrored; customStatus: unknown };

/** Runs the orchestrator function of an instance on its history and the whole of its inbox. */
export async function takeTurn(
  instance: Instance,
  orchestrator: AppFunction | undefined,
  invoke: Invoke,
): Promise<Turn> {
  const arrived = [...instance.inbox];
  const at = turnTime(instance);
  const started = orchestratorStarted(at);
  const newTexts = [eventText(started), ...arrived.map(({ text }) => text)];
  const reply = orchestrator
    ? await execute(instance, newTexts, (payload) => invoke(orchestrator.name, payload))
    : failedReply(`The function '${instance.record.name}' is no orchestrator, or is disabled.`);
  const history = [...instance.marks, started, ...arrived.map(({ event }) => event)];
  const mirrored = play(instance, reply, history);
  return { at, taken: arrived.length, mirrored, customStatus: reply.customStatus };
}

async function execute(
  { record, turns }: Instance,
  newTexts: readonly string[],
  invoke: (invocation: Invocation) => Promise<InvocationResult>,
): Promise<OrchestratorReply> {
  const payload = orchestratorPayload({
    instanceId: record.id,
    parentInstanceId: record.parent?.instanceId,
    input: record.input,
    events: [...turns, ...newTexts],
    isReplaying: turns.length > 0,
  });
  const result = await invoke({ trigger: { string: payload } });
  if (!result.ok) return replyFromError(result.error.message);
  const text = result.response.returnValue?.json;
  if (text === undefined) return failedReply('It answered no actions; is it a durable function?');
  return JSON.parse(text) as OrchestratorReply;
}

function play(instance: Instance, reply: OrchestratorReply, history: EventMark[]): Mirrored {
  const { name, executionId } = instance.record;
  try {
    return mirror({ name, executionId, history, reply });
  } catch (error) {
    const reason = failure(error, name);
    return {
      commands: [],
      completion: { status: 'Failed', reason },
      suspended: false,
      carried: [],
    };
  }
}

function failure(error: unknown, name: string): string {
  if (error instanceof NonDeterminismError) {
    return `Non-Deterministic workflow detected: ${error.message}`;
  }
  if (error instanceof UnsupportedActionError) {
    return `Orchestrator function '${name}' failed: ${error.message}`;
  }
  throw error;
}

/** The clock of an instance never goes back, whatever the machine's clock does. */
function turnTime({ marks }: Instance): number {
  const last = marks.findLast((mark) => mark.EventType === EventType.OrchestratorStarted);
  return Math.max(Date.now(), last?.Timestamp ? Date.parse(last.Timestamp) : 0);
}

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
