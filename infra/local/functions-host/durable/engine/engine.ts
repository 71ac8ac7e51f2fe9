import type { AppFunction } from '../../app/function-table';
import type { Invoke } from '../../app/invoke';
import type { TypedData } from '../../app/worker-types';
import type { Log } from '../../log';
import { type EventMark, EventType, type HistoryEvent } from '../protocol/history';
import {
  jsonText,
  taskCompleted,
  taskFailed,
  timerFired,
  type Completion,
} from '../protocol/make-event';
import { type Instance, isLive, type Op, type PendingActivity, written } from '../store/state';
import type { Store } from '../store/store';
import { type Settled, settleTurn, takeTurn } from './execution';
import { matches, type StartSettings } from './new-instance';
import { createPool, createTimers, type Pool } from './scheduling';

type EngineParts = {
  store: Store;
  invoke: Invoke;
  log: Log;
  orchestrators: readonly AppFunction[];
  activities: readonly AppFunction[];
  settings: StartSettings & { maxActivities: number; maxOrchestrators: number };
};

/** Drives the instances of a store: turns, activities, timers. */
export type Engine = {
  /** Takes up everything that was in flight; answers with the number of unfinished instances. */
  resume: () => number;
  /** Commits changes from outside and wakes the instances they concern; resolves when durable. */
  submit: (ops: readonly Op[], woken: string) => Promise<void>;
  isOrchestrator: (name: string) => boolean;
  /** Starts nothing more, waits for what runs. */
  stop: () => Promise<void>;
  /** From now on nothing is committed: what still runs is left to the next start. */
  leave: () => void;
};

export function createEngine(parts: EngineParts): Engine {
  const { store, settings } = parts;
  const state: State = {
    ...parts,
    orchestratorsByName: byName(parts.orchestrators),
    activitiesByName: byName(parts.activities),
    turns: createPool(settings.maxOrchestrators),
    work: createPool(settings.maxActivities),
    timers: createTimers(),
    scheduled: new Set(),
    rejected: new Set(),
    stopped: false,
    left: false,
  };
  return {
    resume: () => resume(state),
    async submit(ops, woken) {
      const durable = store.commit(ops);
      wake(state, woken);
      await durable;
    },
    isOrchestrator: (name) => state.orchestratorsByName.has(name.toLowerCase()),
    async stop() {
      state.stopped = true;
      state.timers.clearAll();
      await Promise.all([state.turns.stop(), state.work.stop()]);
    },
    leave: () => (state.left = true),
  };
}

type State = EngineParts & {
  orchestratorsByName: ReadonlyMap<string, AppFunction>;
  activitiesByName: ReadonlyMap<string, AppFunction>;
  turns: Pool;
  work: Pool;
  timers: ReturnType<typeof createTimers>;
  /** Instances that wait for a turn or are in one; turns of one instance never overlap. */
  scheduled: Set<string>;
  /** Instances whose version is not this app's to run, each told of once. */
  rejected: Set<string>;
  stopped: boolean;
  left: boolean;
};

function byName(functions: readonly AppFunction[]): Map<string, AppFunction> {
  return new Map(functions.map((entry) => [entry.name.toLowerCase(), entry]));
}

/** Everything in flight follows from histories and inboxes. */
function resume(state: State): number {
  let unfinished = 0;
  for (const [id, instance] of state.store.instances) {
    if (!isLive(instance.record)) continue;
    unfinished += 1;
    const events = [...instance.marks, ...instance.inbox.map(({ event }) => event)];
    const fired = new Set(events.map(({ TimerId }) => TimerId));
    for (const activity of instance.activities.values()) startActivity(state, instance, activity);
    for (const event of events) {
      const isTimer = event.EventType === EventType.TimerCreated;
      if (isTimer && !fired.has(event.EventId)) armTimer(state, instance, event);
    }
    wake(state, id);
  }
  return unfinished;
}

function wake(state: State, id: string): void {
  const instance = state.store.instances.get(id);
  if (state.scheduled.has(id) || !instance?.inbox.length || isRejected(state, instance)) return;
  state.scheduled.add(id);
  state.turns.add(async () => {
    try {
      await turn(state, id);
    } catch (error) {
      state.log('error', `durable: the turn of ${id} broke off: ${String(error)}`);
      return; // left as it was: the next event, or the next start of the host, tries it again
    } finally {
      state.scheduled.delete(id);
    }
    wake(state, id);
  });
}

/** An instance of another version is left as it is, for the app that knows it. */
function isRejected({ settings, rejected, log }: State, { record }: Instance): boolean {
  const { id, version } = record;
  const { defaultVersion, versionMatch } = settings;
  if (matches(version, defaultVersion, versionMatch)) return false;
  if (!rejected.has(id))
    log(
      'warning',
      `durable: ${id} waits: it is of version ${version}, this app of ${defaultVersion}`,
    );
  rejected.add(id);
  return true;
}

async function turn(state: State, id: string): Promise<void> {
  const instance = state.store.instances.get(id);
  if (!instance || instance.inbox.length === 0) return;
  const orchestrator = state.orchestratorsByName.get(instance.record.name.toLowerCase());
  const result = await takeTurn(instance, orchestrator, state.invoke);
  // Replaced by a new start meanwhile, or too late to be written.
  if (state.left || state.store.instances.get(id) !== instance) return;
  const settled = settleTurn(instance, result, state.store, state.settings);
  const { completion } = result.mirrored;
  if (completion) state.timers.clear(id);
  report(state, id, completion);
  const durable = state.store.commit(settled.ops);
  for (const other of settled.woken) wake(state, other);
  void durable.then(() => dispatch(state, instance, settled));
}

/** One line for each instance that ends. */
function report({ log }: State, id: string, completion: Completion | undefined): void {
  if (!completion || completion.status === 'ContinuedAsNew') return;
  if (completion.status === 'Completed') log('information', `durable: ${id} completed`);
  else log('warning', `durable: ${id} ended as ${completion.status}: ${completion.reason}`);
}

/** Nothing that others can see happens before the decision to do it is durable. */
function dispatch(state: State, instance: Instance, { activities, timers }: Settled): void {
  if (state.stopped || !isCurrent(state, instance)) return;
  for (const activity of activities) startActivity(state, instance, activity);
  for (const event of timers) armTimer(state, instance, event);
}

function startActivity(state: State, instance: Instance, activity: PendingActivity): void {
  const entry = state.activitiesByName.get(activity.name.toLowerCase());
  state.work.add(async () => {
    if (!isCurrent(state, instance)) return;
    const event = await runActivity(activity, instance.record.id, entry, state.invoke);
    if (event.Reason) state.log('warning', `durable: ${instance.record.id}: ${event.Reason}`);
    arrive(state, instance, event);
  });
}

function armTimer(state: State, instance: Instance, event: EventMark): void {
  const { EventId: timerId, FireAt: fireAt = '' } = event;
  state.timers.arm(instance.record.id, timerId, Date.parse(fireAt), () => {
    arrive(state, instance, timerFired(Date.now(), timerId, fireAt));
  });
}

function arrive(state: State, instance: Instance, event: HistoryEvent): void {
  if (state.left || !isCurrent(state, instance)) return;
  const { id } = instance.record;
  void state.store.commit([{ op: 'arrive', id, events: [written(event)] }]);
  wake(state, id);
}

/** What an earlier execution of the same id had asked for is of no use to the next. */
function isCurrent({ store }: State, instance: Instance): boolean {
  return store.instances.get(instance.record.id) === instance && isLive(instance.record);
}

/** Runs one activity and answers with the event that says how it ended. */
async function runActivity(
  { taskId, name, input }: PendingActivity,
  instanceId: string,
  activity: AppFunction | undefined,
  invoke: Invoke,
): Promise<HistoryEvent> {
  if (!activity) {
    const message = `The function '${name}' is no activity, or is disabled.`;
    return taskFailed(Date.now(), taskId, name, { message, stackTrace: '' });
  }
  const result = await invoke(activity.name, {
    trigger: triggerData(input),
    // The real host repeats the input here, twice; nobody reads it, and each copy is parsed.
    metadata: { instanceId: { string: instanceId } },
  });
  if (!result.ok) return taskFailed(Date.now(), taskId, name, result.error);
  return taskCompleted(Date.now(), taskId, resultText(result.response.returnValue));
}

/** The SDK has written a string as JSON once more, so a string value is JSON text already. Nothing stays nothing. */
function triggerData(input: string): TypedData {
  if (input === 'null') return {};
  const value: unknown = input.startsWith('"') ? JSON.parse(input) : input;
  return { string: String(value) };
}

function resultText(data: TypedData | null | undefined): string {
  if (data?.json !== undefined) return data.json;
  if (data?.bytes) return jsonText(Buffer.from(data.bytes).toString('base64'));
  return jsonText(data?.string ?? data?.int ?? data?.double);
}
