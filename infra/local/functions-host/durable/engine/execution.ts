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
import { replayHistory, type ReplayResult } from '../replayer/replay-history';
import { NonDeterminismError } from '../replayer/schedule';
import { written } from '../store/kept-history';
import type { Instance, Op, PendingActivity } from '../store/state';
import type { Store } from '../store/store';
import type { ReadHistory } from '../store/swap';
import { mayStart, newExecutionId, newInstance, type StartSettings } from './new-instance';

/**
 * The result of one execution of an orchestrator function. It took `taken` events from the inbox; `texts` is the history
 * before it.
 */
type Execution = {
  at: number;
  taken: number;
  texts: readonly string[];
  replayed: ReplayResult;
  customStatus: unknown;
};

/** Runs the orchestrator function of an instance on its history and its complete inbox. */
export async function runExecution(
  instance: Instance,
  { texts, marks }: ReadHistory,
  orchestrator: AppFunction | undefined,
  invoke: Invoke,
): Promise<Execution> {
  const arrived = [...instance.inbox];
  const at = executionTime(marks);
  const started = orchestratorStarted(at);
  const newTexts = [eventText(started), ...arrived.map(({ text }) => text)];
  const reply = orchestrator
    ? await execute(instance, texts, newTexts, (payload) => invoke(orchestrator.name, payload))
    : failedReply(`The function '${instance.record.name}' is no orchestrator, or is disabled.`);
  const history = [...marks, started, ...arrived.map(({ event }) => event)];
  const replayed = replay(instance, reply, history);
  return { at, taken: arrived.length, texts, replayed, customStatus: reply.customStatus };
}

async function execute(
  { record }: Instance,
  texts: readonly string[],
  newTexts: readonly string[],
  invoke: (invocation: Invocation) => Promise<InvocationResult>,
): Promise<OrchestratorReply> {
  const payload = orchestratorPayload({
    instanceId: record.id,
    parentInstanceId: record.parent?.instanceId,
    input: record.input,
    events: [...texts, ...newTexts],
    isReplaying: texts.length > 0,
  });
  const result = await invoke({ trigger: { string: payload } });
  if (!result.ok) return replyFromError(result.error.message);
  const text = result.response.returnValue?.json;
  if (text === undefined) return failedReply('It returned no actions; is it a durable function?');
  return JSON.parse(text) as OrchestratorReply;
}

function replay(instance: Instance, reply: OrchestratorReply, history: EventMark[]): ReplayResult {
  const { name, executionId } = instance.record;
  try {
    return replayHistory({ name, executionId, history, reply });
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

/** The clock of an instance never goes back, even if the machine's clock does. */
function executionTime(marks: readonly EventMark[]): number {
  const last = marks.findLast((mark) => mark.EventType === EventType.OrchestratorStarted);
  return Math.max(Date.now(), last?.Timestamp ? Date.parse(last.Timestamp) : 0);
}

/** The changes of state after an execution, and the work to start when they are durable. */
export type CommitPlan = {
  ops: Op[];
  activities: PendingActivity[];
  timers: HistoryEvent[];
  /** Instances with new events in their inbox. */
  woken: string[];
};

/** Makes one commit of an orchestrator's commands. */
export function planCommit(
  instance: Instance,
  execution: Execution,
  store: Store,
  settings: StartSettings,
): CommitPlan {
  const { completion } = execution.replayed;
  if (completion?.status === 'ContinuedAsNew')
    return renewed(instance, execution, completion.input);
  const commands = completion?.status === 'Terminated' ? [] : execution.replayed.commands;
  const events = newEvents(commands, completion, execution.at, settings);
  const activities = commands.filter((command) => command.kind === 'activity').map(pendingActivity);
  const timers = events.filter(({ EventType: type }) => type === EventType.TimerCreated);
  const plan: CommitPlan = { ops: [], activities, timers, woken: [] };
  plan.ops.push({
    op: 'turn',
    id: instance.record.id,
    at: execution.at,
    taken: execution.taken,
    status: status(execution.replayed),
    ...(execution.customStatus === undefined
      ? {}
      : { customStatus: make.jsonText(execution.customStatus) }),
    ...(completion ? { output: make.completionText(completion) } : {}),
    ...(completion
      ? { archived: store.archive(completeHistory(instance, execution, events)) }
      : {}),
    activities,
    events: events.map(written),
  });
  for (const command of commands) {
    if (command.kind === 'sub-orchestration')
      startChild(command, instance, execution.at, plan, store, settings);
  }
  if (completion) notifyParent(instance, completion, execution.at, plan, store);
  return plan;
}

/** A new generation: a new execution id, no history, and only the events that arrived after the call. */
function renewed(
  { record }: Instance,
  { at, taken, replayed }: Execution,
  value: unknown,
): CommitPlan {
  const input = make.jsonText(value);
  const executionId = newExecutionId();
  const started = make.executionStarted(at, {
    ...record,
    instanceId: record.id,
    input,
    executionId,
  });
  const carried = replayed.carried.map((mark) =>
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

function status({ completion, suspended }: ReplayResult) {
  if (completion && completion.status !== 'ContinuedAsNew') return completion.status;
  return suspended ? 'Suspended' : 'Running';
}

function pendingActivity({ id, name, input }: Command & { kind: 'activity' }): PendingActivity {
  return { taskId: id, name, input: make.jsonText(input) };
}

function completeHistory(
  { inbox }: Instance,
  execution: Execution,
  events: HistoryEvent[],
): string {
  return [
    ...execution.texts,
    playedText(eventText(make.orchestratorStarted(execution.at))),
    ...inbox.slice(0, execution.taken).map(({ text }) => playedText(text)),
    ...events.map((event) => playedText(eventText(event))),
  ].join(',');
}

function startChild(
  command: Command & { kind: 'sub-orchestration' },
  { record }: Instance,
  at: number,
  plan: CommitPlan,
  store: Store,
  settings: StartSettings,
): void {
  const { instanceId, name, version, id: taskId } = command;
  if (!mayStart(store.instances.get(instanceId), settings)) {
    const reason = `An Orchestration instance with the id ${instanceId} already exists.`;
    const failed = make.subOrchestrationEnded(at, taskId, { status: 'Failed', reason });
    plan.ops.push({ op: 'arrive', id: record.id, events: [written(failed)] });
    plan.woken.push(record.id);
    return;
  }
  const { id: parentId, executionId } = record;
  const parent = { name: record.name, instanceId: parentId, executionId, taskId };
  const input = make.jsonText(command.input);
  plan.ops.push(newInstance({ id: instanceId, name, version, input, parent }, settings));
  plan.woken.push(instanceId);
}

function notifyParent(
  { record: { parent } }: Instance,
  completion: Exclude<Completion, { status: 'ContinuedAsNew' }>,
  at: number,
  plan: CommitPlan,
  store: Store,
): void {
  const waiting = parent && store.instances.get(parent.instanceId);
  if (waiting?.record.executionId !== parent?.executionId || !parent) return;
  const ended = written(make.subOrchestrationEnded(at, parent.taskId, completion));
  plan.ops.push({ op: 'arrive', id: parent.instanceId, events: [ended] });
  plan.woken.push(parent.instanceId);
}
