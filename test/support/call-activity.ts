import * as df from 'durable-functions';
import type { FunctionHandler, InvocationContext } from '@azure/functions';
import { join } from 'node:path';
import { registerActivities, registerReconciliation } from '../../functions/activities';
import type { Services } from '../../functions/services';
import { projectRoot } from '../../infra/local/stack/service';
import type { Activity, Answer } from '../../shared/domain/workflow/activities';
import { createRateBudget } from '../../shared/graph/rate-budget';
import { createLedger } from '../../shared/storage/audit';
import { createClaims } from '../../shared/storage/claims';
import { createDue } from '../../shared/storage/due';
import { createHoldings } from '../../shared/storage/holdings';
import { createPermissions } from '../../shared/storage/limits';
import { createPackages } from '../../shared/storage/packages';
import { createStaging } from '../../shared/storage/staging';
import { createRemovalBrakes } from '../../shared/storage/removals';
import { createWorkerLocks } from '../../shared/storage/worker-locks';
import { createWorkers } from '../../shared/storage/workers';
import { readConfig } from '../../shared/config/config';
import { loadModelFile } from '../../shared/config/load-model';
import type { Storage } from './storage';

/** The services of the activities: real stores, the sample access model, and the Graph client of the test. */
export function servicesOver(storage: Storage, graph: Partial<Services['graph']> = {}): Services {
  const loaded = loadModelFile(join(projectRoot(), 'access-model.json'));
  const { connectionString } = storage;
  const untouched = new Proxy(graph, {
    get: (verbs, verb): unknown => {
      if (verb in verbs) return Reflect.get(verbs, verb);
      throw new Error(`the test does not stub graph.${String(verb)}`);
    },
  });
  const config = readConfig({
    PROVISIONING_QUEUE: 'provisioning-events',
    EVENT_SOURCES: 'urn:hr:acme:workday',
    RECORDS_STORAGE: connectionString,
    AUDIT_STORAGE: connectionString,
    // A test that is about the settle time or the rate of calls sets one.
    ...{ REMOVAL_SETTLE: '0s', GRAPH_WRITE_RATE: '100000', GRAPH_READ_RATE: '100000' },
  });
  return {
    config,
    budget: createRateBudget(config.graph),
    appVersion: '0.1.0',
    model: () => loaded,
    exclusions: () => ({ workerIds: [], objectIds: [] }),
    claims: createClaims(storage.table('claims')),
    due: createDue(storage.table('due')),
    workers: createWorkers(storage.table('workers')),
    holdings: createHoldings(storage.table('workers')),
    workerLocks: createWorkerLocks(storage.table('workers')),
    brakes: createRemovalBrakes(storage.table('removals')),
    staging: createStaging(storage.table('staging')),
    send: () => Promise.resolve(),
    loadRoster: () => Promise.reject(new Error('there is no roster')),
    writeReport: () => Promise.reject(new Error('there is no container for reports')),
    packages: createPackages(storage.table('packages')),
    ledger: createLedger(storage.table('audit'), storage.table('auditIndex')),
    permissions: createPermissions(storage.table('limits'), () => undefined),
    graph: untouched as Services['graph'],
  };
}

/** Registers the activities as the app does and lets a test call them as the host does: by name, with JSON. */
export function hostOf(services: Services) {
  const handlers = new Map<string, FunctionHandler>();
  const logged: string[] = [];
  const registering = jest
    .spyOn(df.app, 'activity')
    .mockImplementation((name, { handler }) => handlers.set(name, handler) as never);
  registerActivities(services);
  registerReconciliation(services);
  registering.mockRestore();
  const keep = (line: string) => logged.push(line);
  const context = { error: keep, log: keep } as unknown as InvocationContext;
  return {
    logged,
    call: async <Input, Done extends object>(
      { name, output }: Activity<Input, Done>,
      input: Input,
    ): Promise<Answer<Done>> => {
      const wire = JSON.parse(JSON.stringify(input)) as unknown;
      const answer: unknown = await handlers.get(name)?.(wire, context);
      return output.parse(JSON.parse(JSON.stringify(answer)));
    },
  };
}
