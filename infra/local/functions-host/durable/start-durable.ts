import { join } from 'node:path';
import { withTrigger, type AppFunction } from '../app/function-table';
import type { Invoke } from '../app/invoke';
import type { HostJson } from '../host-json';
import type { Log } from '../log';
import { createEngine } from './engine/engine';
import { openStore } from './store/store';
import { createTaskHub, type TaskHub } from './api/task-hub';

export type Durable = {
  hub: TaskHub;
  /** Takes up what an earlier process left unfinished. */
  resume: () => void;
  /** Waits for what runs; starts nothing more. */
  stop: () => Promise<void>;
  /** Writes what is left to write; what still runs is as if it had not run. */
  close: () => Promise<void>;
};

export async function startDurable(parts: {
  dataDir: string;
  table: readonly AppFunction[];
  invoke: Invoke;
  log: Log;
  settings: HostJson['durableTask'];
}): Promise<Durable> {
  const { table, invoke, log, settings } = parts;
  const store = await openStore(join(parts.dataDir, 'durable'), {
    warn: (message) => log('warning', message),
  });
  const starts = {
    defaultVersion: settings.defaultVersion,
    versionMatch: settings.versionMatchStrategy,
    overridable: settings.overridableExistingInstanceStates,
    storeInputs: settings.storeInputsInOrchestrationHistory,
  };
  const engine = createEngine({
    ...{ store, invoke, log },
    orchestrators: withTrigger(table, 'orchestrationTrigger'),
    activities: withTrigger(table, 'activityTrigger'),
    settings: {
      ...starts,
      maxActivities: settings.maxConcurrentActivityFunctions,
      maxOrchestrators: settings.maxConcurrentOrchestratorFunctions,
    },
  });
  return {
    hub: createTaskHub(store, engine, starts),
    resume() {
      const unfinished = engine.resume();
      if (unfinished > 0) log('information', `durable: resumed ${unfinished} unfinished instances`);
    },
    stop: () => engine.stop(),
    async close() {
      engine.leave();
      await store.close();
    },
  };
}
