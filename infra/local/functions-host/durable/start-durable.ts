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
  /** Resumes the instances that an earlier process did not finish. */
  resume: () => void;
  /** Starts nothing more and waits for running functions. */
  stop: () => Promise<void>;
  /** Writes the open commits; results of functions that still run are dropped. */
  close: () => Promise<void>;
};

export async function startDurable(options: {
  dataDir: string;
  table: readonly AppFunction[];
  invoke: Invoke;
  log: Log;
  settings: HostJson['durableTask'];
}): Promise<Durable> {
  const { table, invoke, log, settings } = options;
  const store = await openStore(join(options.dataDir, 'durable'), {
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
