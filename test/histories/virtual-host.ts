import { randomUUID } from 'node:crypto';
import {
  timestamp,
  type HistoryEvent,
} from '../../infra/local/functions-host/durable/protocol/history';
import * as make from '../../infra/local/functions-host/durable/protocol/make-event';
import type {
  Completion,
  Command,
} from '../../infra/local/functions-host/durable/protocol/make-event';
import { executeTurn } from './execute-turn';
import type { Handler } from './orchestrator-handler';

/** An activity of a test. It may move `clock.now` forward: its result then arrives at that virtual time. */
export type Activity = (input: never, clock: { now: Date }) => unknown;

export type Call = { name: string; input: unknown; output: unknown };

export type Instance = {
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

/** Everything that happens between orchestrators and activities, on a clock that jumps. Times are milliseconds. */
export type VirtualHost = {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly activities: Readonly<Record<string, Activity>>;
  readonly instances: Map<string, Instance>;
  readonly arrivals: Arrival[];
  readonly calls: Call[];
  now: number;
  turns: number;
};

export function startInstance(
  host: VirtualHost,
  run: Pick<Instance, 'id' | 'name' | 'version' | 'parent'>,
  input: string,
): Instance {
  const instance: Instance = { ...run, executionId: '', histories: [] };
  host.instances.set(run.id, instance);
  beginGeneration(host, instance, input);
  return instance;
}

/** Delivers the earliest event and runs the turn that it causes. Answers with its instance; undefined if none is left. */
export async function deliverNext(host: VirtualHost): Promise<Instance | undefined> {
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
  const { reply, mirrored } = await executeTurn(handler, history);
  if (reply.customStatus !== undefined) instance.customStatus = reply.customStatus;
  for (const command of mirrored.commands) {
    history.push(make.commandEvent(command, now, true));
    await perform(host, instance, command);
  }
  const { completion } = mirrored;
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
