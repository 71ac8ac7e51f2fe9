import { randomUUID } from 'node:crypto';
import type { OrchestrationHandler } from 'durable-functions';
import {
  timestamp,
  type HistoryEvent,
} from '../../infra/local/functions-host/durable/protocol/history';
import * as make from '../../infra/local/functions-host/durable/protocol/make-event';
import type {
  Completion,
  Command,
} from '../../infra/local/functions-host/durable/protocol/make-event';
import { executeLatest, orchestratorHandler, type Handler } from './replay-history';

export type RunOptions = {
  orchestrators: Record<string, OrchestrationHandler>;
  start: string;
  input: unknown;
  /** Of the started instance; `virtual` unless set. */
  instanceId?: string;
  activities: Record<string, Activity>;
  startAt?: Date;
  version?: string;
  /** Executions of all orchestrators together before the run counts as endless; 10,000 unless set. */
  maxTurns?: number;
  onTurn?: (turn: { instanceId: string; now: Date; customStatus: unknown }) => void;
};

export type RunResult = {
  status: 'Completed' | 'Failed';
  output: unknown;
  error?: string;
  calls: Call[];
  now: Date;
  generations: number;
  turns: number;
  /** The maximum number of events in the history of one generation. */
  largestHistory: number;
  /** The started orchestration's histories, one per generation; can be frozen as JSON. */
  histories: HistoryEvent[][];
  customStatus: unknown;
};

/**
 * Acts as the host, on a virtual clock: each event that arrives re-executes its orchestrator from the first line against
 * the whole history, timers fire at once in the order of their time, and every value is passed as JSON. Throws
 * NonDeterminismError if a replay differs from the history, and an Error if the orchestration waits for an event that
 * never arrives or does not end within `maxTurns`.
 */
export async function runOrchestration(options: RunOptions): Promise<RunResult> {
  const { start, version = '', instanceId = 'virtual', maxTurns = 10_000 } = options;
  const host: VirtualHost = {
    handlers: new Map(
      Object.entries(options.orchestrators).map(([name, orchestrator]) => [
        name,
        orchestratorHandler(name, orchestrator),
      ]),
    ),
    activities: options.activities,
    instances: new Map(),
    arrivals: [],
    calls: [],
    now: (options.startAt ?? new Date('2026-01-01T00:00:00Z')).getTime(),
    turns: 0,
  };
  const run = { id: instanceId, name: start, version, parent: undefined };
  const root = startInstance(host, run, make.jsonText(options.input));
  while (!root.completion) {
    const instance = await deliverNext(host);
    if (!instance) throw new Error(`${start} waits for something that never comes`);
    if (host.turns >= maxTurns) throw new Error(`${start} did not end within ${maxTurns} turns`);
    const { id, customStatus } = instance;
    options.onTurn?.({ instanceId: id, now: new Date(host.now), customStatus });
  }
  return summary(host, root);
}

function summary(host: VirtualHost, root: Instance): RunResult {
  const { completion, histories, customStatus } = root;
  const ending =
    completion?.status === 'Completed'
      ? { status: 'Completed' as const, output: completion.output }
      : { status: 'Failed' as const, output: undefined, error: reasonOf(root) };
  return {
    ...ending,
    calls: host.calls,
    now: new Date(host.now),
    generations: histories.length,
    turns: host.turns,
    largestHistory: Math.max(...histories.map((history) => history.length)),
    histories,
    customStatus,
  };
}

function reasonOf({ completion }: Instance): string {
  return completion && 'reason' in completion ? completion.reason : '';
}

/** An activity of a test. It may move `clock.now` forward: its result then arrives at that virtual time. */
type Activity = (input: never, clock: { now: Date }) => unknown;

type Call = { name: string; input: unknown; output: unknown };

type Instance = {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly parent: make.Parent | undefined;
  executionId: string;
  histories: HistoryEvent[][];
  completion?: Completion;
  customStatus?: unknown;
};

type Arrival = { at: number; instance: Instance; executionId: string; event: HistoryEvent };

/** All events between orchestrators and activities, on a clock that jumps. Times are milliseconds. */
type VirtualHost = {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly activities: Readonly<Record<string, Activity>>;
  readonly instances: Map<string, Instance>;
  readonly arrivals: Arrival[];
  readonly calls: Call[];
  now: number;
  turns: number;
};

function startInstance(
  host: VirtualHost,
  run: Pick<Instance, 'id' | 'name' | 'version' | 'parent'>,
  input: string,
): Instance {
  const instance: Instance = { ...run, executionId: '', histories: [] };
  host.instances.set(run.id, instance);
  beginGeneration(host, instance, input);
  return instance;
}

/** Delivers the earliest event and runs its turn. Answers its instance; undefined if no event is left. */
async function deliverNext(host: VirtualHost): Promise<Instance | undefined> {
  const next = host.arrivals.toSorted((a, b) => a.at - b.at)[0];
  if (!next) return undefined;
  host.arrivals.splice(host.arrivals.indexOf(next), 1);
  const { instance, executionId, event } = next;
  if (instance.completion || instance.executionId !== executionId) return instance;
  host.now = Math.max(host.now, next.at);
  host.turns += 1;
  await acquireLock(host, instance, event);
  return instance;
}

function beginGeneration(host: VirtualHost, instance: Instance, input: string): void {
  instance.histories.push([]);
  instance.executionId = randomUUID();
  const run = { ...instance, input, instanceId: instance.id };
  arrive(host, instance, host.now, make.executionStarted(host.now, run));
}

function arrive(host: VirtualHost, instance: Instance, at: number, event: HistoryEvent): void {
  host.arrivals.push({ at, instance, executionId: instance.executionId, event });
}

async function acquireLock(
  host: VirtualHost,
  instance: Instance,
  event: HistoryEvent,
): Promise<void> {
  const { now } = host;
  const handler = host.handlers.get(instance.name);
  if (!handler) throw new Error(`the test gave no orchestrator '${instance.name}'`);
  const history = instance.histories.at(-1) ?? [];
  history.push(make.orchestratorStarted(now), event);
  const { reply, replayed } = await executeLatest(handler, history);
  if (reply.customStatus !== undefined) instance.customStatus = reply.customStatus;
  for (const command of replayed.commands) {
    history.push(make.commandEvent(command, now, true));
    await perform(host, instance, command);
  }
  const { completion } = replayed;
  if (completion) history.push(make.executionCompleted(now, -1, completion));
  history.push(make.orchestratorCompleted(now));
  if (completion) end(host, instance, completion);
}

function end(host: VirtualHost, instance: Instance, completion: Completion): void {
  if (completion.status === 'ContinuedAsNew') {
    beginGeneration(host, instance, make.completionText(completion));
    return;
  }
  instance.completion = completion;
  const { parent } = instance;
  const waiting = parent && host.instances.get(parent.instanceId);
  if (!waiting) return;
  const ended = make.subOrchestrationEnded(host.now, parent.taskId, completion);
  arrive(host, waiting, host.now, ended);
}

async function perform(host: VirtualHost, instance: Instance, command: Command): Promise<void> {
  switch (command.kind) {
    case 'timer': {
      const { fireAt, id } = command;
      const at = Math.max(fireAt, host.now);
      arrive(host, instance, at, make.timerFired(at, id, timestamp(fireAt)));
      return;
    }
    case 'sub-orchestration': {
      const { id: taskId, name, instanceId: id, version = instance.version } = command;
      const { id: parentId, executionId } = instance;
      const parent = { name: instance.name, instanceId: parentId, executionId, taskId };
      startInstance(host, { id, name, version, parent }, make.jsonText(command.input));
      return;
    }
    case 'activity': {
      const clock = { now: new Date(host.now) };
      const event = await runActivity(host, command, clock);
      arrive(host, instance, Math.max(clock.now.getTime(), host.now), event);
      return;
    }
  }
}

async function runActivity(
  host: VirtualHost,
  { id, name, input }: Extract<Command, { kind: 'activity' }>,
  clock: { now: Date },
): Promise<HistoryEvent> {
  const activity = host.activities[name];
  if (!activity) throw new Error(`the test gave no activity '${name}'`);
  const received = asReceived(input);
  const call: Call = { name, input: received, output: undefined };
  host.calls.push(call);
  try {
    const result = make.jsonText(await activity(structuredClone(received) as never, clock));
    call.output = JSON.parse(result);
    return make.taskCompleted(clock.now.getTime(), id, result);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return make.taskFailed(clock.now.getTime(), id, name, { message, stackTrace: '' });
  }
}

/** The SDK writes a string as JSON once more, and the Functions library parses what can be parsed. */
function asReceived(input: unknown): unknown {
  if (typeof input !== 'string') return input;
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
