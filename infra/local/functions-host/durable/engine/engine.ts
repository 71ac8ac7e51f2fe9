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
import { written } from '../store/kept-history';
import { type Instance, isLive, type Op, type PendingActivity } from '../store/state';
import type { Store } from '../store/store';
import { type CommitPlan, planCommit, runExecution } from './execution';
import { matches, type StartSettings } from './new-instance';
import { createPool, createTimers, type Pool } from './scheduling';

type EngineOptions = {
  store: Store;
  invoke: Invoke;
  log: Log;
  orchestrators: readonly AppFunction[];
  activities: readonly AppFunction[];
  settings: StartSettings & { maxActivities: number; maxOrchestrators: number };
};

/** Runs the instances of a store: executions, activities, timers. */
export type Engine = {
  /** Resumes everything in flight; returns the number of unfinished instances. */
  resume: () => number;
  /** Commits changes and wakes the instance that they concern; resolves when durable. */
  submit: (ops: readonly Op[], woken: string) => Promise<void>;
  isOrchestrator: (name: string) => boolean;
  /** Starts nothing more, waits for what runs. */
  stop: () => Promise<void>;
  /** Commits nothing from now on: the next start runs the open work again. */
  leave: () => void;
};

export function createEngine(options: EngineOptions): Engine {
  const { store, settings } = options;
  const state: State = {
    ...options,
    orchestratorsByName: byName(options.orchestrators),
    activitiesByName: byName(options.activities),
    executions: createPool(settings.maxOrchestrators),
    work: createPool(settings.maxActivities),
    timers: createTimers(({ instance, timerId, fireAt }) => {
      arrive(state, instance, timerFired(Date.now(), timerId, fireAt));
    }),
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
      await Promise.all([state.executions.stop(), state.work.stop()]);
    },
    leave: () => (state.left = true),
  };
}

type State = EngineOptions & {
  orchestratorsByName: ReadonlyMap<string, AppFunction>;
  activitiesByName: ReadonlyMap<string, AppFunction>;
  executions: Pool;
  work: Pool;
  timers: ReturnType<typeof createTimers>;
  /** Instances that wait for an execution or are in one; executions of one instance never overlap. */
  scheduled: Set<string>;
  /** Instances of another version that this app does not run; each is logged once. */
  rejected: Set<string>;
  stopped: boolean;
  left: boolean;
};

function byName(functions: readonly AppFunction[]): Map<string, AppFunction> {
  return new Map(functions.map((entry) => [entry.name.toLowerCase(), entry]));
}

/** Rebuilds everything in flight from histories and inboxes. */
function resume(state: State): number {
  let unfinished = 0;
  for (const [id, instance] of state.store.instances) {
    if (!isLive(instance.record)) continue;
    unfinished += 1;
    const { marks } = state.store.read(instance);
    const events = [...marks, ...instance.inbox.map(({ event }) => event)];
    const fired = new Set(events.map(({ TimerId }) => TimerId));
    for (const { taskId } of instance.activities) startActivity(state, instance, taskId);
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
  state.executions.add(async () => {
    try {
      await execute(state, id);
    } catch (error) {
      state.log('error', `durable: the execution of ${id} failed: ${String(error)}`);
      return; // unchanged: the next event or the next start of the host retries
    } finally {
      state.scheduled.delete(id);
    }
    wake(state, id);
  });
}

/** An instance of another version waits for an app of that version. */
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

async function execute(state: State, id: string): Promise<void> {
  const instance = state.store.instances.get(id);
  if (!instance || instance.inbox.length === 0) return;
  const orchestrator = state.orchestratorsByName.get(instance.record.name.toLowerCase());
  const history = state.store.read(instance);
  const result = await runExecution(instance, history, orchestrator, state.invoke);
  // Replaced by a new start meanwhile, or the host has closed.
  if (state.left || state.store.instances.get(id) !== instance) return;
  const plan = planCommit(instance, result, state.store, state.settings);
  const { completion } = result.replayed;
  if (completion) state.timers.clear(instance);
  report(state, id, completion);
  const durable = state.store.commit(plan.ops);
  for (const other of plan.woken) wake(state, other);
  void durable.then(() => dispatch(state, instance, plan));
}

/** One line for each instance that ends. */
function report({ log }: State, id: string, completion: Completion | undefined): void {
  if (!completion || completion.status === 'ContinuedAsNew') return;
  if (completion.status === 'Completed') log('information', `durable: ${id} completed`);
  else log('warning', `durable: ${id} ended as ${completion.status}: ${completion.reason}`);
}

/** Starts activities and timers only after their events are durable. */
function dispatch(state: State, instance: Instance, { activities, timers }: CommitPlan): void {
  if (state.stopped || !isCurrent(state, instance)) return;
  for (const { taskId } of activities) startActivity(state, instance, taskId);
  for (const event of timers) armTimer(state, instance, event);
}

function startActivity(state: State, instance: Instance, taskId: number): void {
  state.work.add(async () => {
    const kept = instance.activities.find((one) => one.taskId === taskId);
    if (!kept || !isCurrent(state, instance)) return;
    // If the swap file cannot be read, the host ends, and its next start makes a new one from the journal.
    const activity = { ...kept, input: state.store.inputOf(kept) };
    const entry = state.activitiesByName.get(activity.name.toLowerCase());
    const event = await runActivity(activity, instance.record.id, entry, state.invoke);
    if (event.Reason) state.log('warning', `durable: ${instance.record.id}: ${event.Reason}`);
    arrive(state, instance, event);
  });
}

function armTimer(state: State, instance: Instance, event: EventMark): void {
  const { EventId: timerId, FireAt: fireAt = '' } = event;
  state.timers.arm({ instance, timerId, due: Date.parse(fireAt), fireAt });
}

function arrive(state: State, instance: Instance, event: HistoryEvent): void {
  if (state.left || !isCurrent(state, instance)) return;
  const { id } = instance.record;
  void state.store.commit([{ op: 'arrive', id, events: [written(event)] }]);
  wake(state, id);
}

/** Results for a replaced instance of the same id are dropped. */
function isCurrent({ store }: State, instance: Instance): boolean {
  return store.instances.get(instance.record.id) === instance && isLive(instance.record);
}

/** Runs one activity; returns the event of its result. */
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
    // The real host repeats the input here, twice; the library does not use it and would parse each copy.
    metadata: { instanceId: { string: instanceId } },
  });
  if (!result.ok) return taskFailed(Date.now(), taskId, name, result.error);
  return taskCompleted(Date.now(), taskId, resultText(result.response.returnValue));
}

/** The SDK encodes a string as JSON twice, so a string value is already JSON text. */
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
