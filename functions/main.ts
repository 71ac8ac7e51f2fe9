import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { app } from '@azure/functions';
import * as df from 'durable-functions';
import { z } from 'zod';
import { accessChange } from '../orchestrations/access-change';
import { reconcile } from '../orchestrations/reconcile';
import { addBlob } from '../shared/blobs';
import { createLedger, createLedgerReader } from '../shared/storage/audit';
import { checkRoot, clouds } from '../shared/graph/graph-root';
import { createEntitlements } from '../shared/graph/entitlements';
import { createClaims } from '../shared/storage/claims';
import { createDue } from '../shared/storage/due';
import { createRateBudget } from '../shared/graph/rate-budget';
import { createHoldings } from '../shared/storage/holdings';
import { createInstances } from '../shared/storage/instances';
import { createLimits, createPermissions } from '../shared/storage/limits';
import { createPackages } from '../shared/storage/packages';
import { createRemovalBrakes } from '../shared/storage/removals';
import { openSeals } from '../shared/storage/seals';
import { createStaging } from '../shared/storage/staging';
import { openTable } from '../shared/storage/table';
import { createWorkerLocks } from '../shared/storage/worker-locks';
import { createWorkers } from '../shared/storage/workers';
import { accountIdOf, createCredential } from '../shared/config/identity';
import {
  loadExclusionsBlob,
  loadModelBlob,
  loadRoster,
  readStartup,
  refuseSample,
} from '../shared/config/load-model';
import { registerActivities, registerReconciliation } from './activities';
import { registerHealth } from './http/health';
import { registerIntake } from './intake';
import { createQueueSender } from './queue-sender';
import type { Services } from './services';
import { registerSealing, registerTimers } from './timers';

/** The folder of package.json, above the built functions. */
const appFolder = join(__dirname, '..', '..');
const packageJson = readFileSync(join(appFolder, 'package.json'), 'utf8');
const { version: appVersion } = z.object({ version: z.string() }).parse(JSON.parse(packageJson));

// Registered before anything can fail: for an app without functions, the Node worker reports success instead of the error.
const reportStarted = registerHealth();

// Settings -> clients -> services -> registrations. Missing or wrong settings stop the app here; the error lists them all.
// No trigger is registered then, so messages stay in the queue.
const startup = readStartup(process.env, appFolder, (url) => checkRoot(url, true));
const { config } = startup;
const credential = createCredential(config.identity);
const table = (storage: string, name: string) => openTable(storage, name, credential);
const { records, audit } = config.storage;
const cloud = clouds[config.graph.cloud];
const root = config.graph.url ?? cloud.root;

let { model: loaded, exclusions } = startup;
app.hook.appStart(async () => {
  loaded ??= await loadModelBlob(config.accessModel, credential);
  exclusions ??= await loadExclusionsBlob(config.exclusions ?? '', credential);
  refuseSample(loaded, config.graph.url);
  reportStarted(services);
});

const workers = table(records, 'workers');
const [auditRows, auditIndex] = [table(audit, 'audit'), table(audit, 'auditIndex')];
const limits = table(records, 'limits');
const permissions = createPermissions(limits, accountIdOf);
const budget = createRateBudget({ ...config.graph, instances: createInstances(limits) });
const services: Services = {
  config,
  appVersion,
  model: () => {
    if (!loaded) throw new Error('the access model is not loaded');
    return loaded;
  },
  exclusions: () => {
    if (!exclusions) throw new Error('the list of exclusions is not loaded');
    return exclusions;
  },
  claims: createClaims(table(records, 'claims')),
  due: createDue(table(records, 'due')),
  workers: createWorkers(workers),
  holdings: createHoldings(workers),
  workerLocks: createWorkerLocks(workers),
  brakes: createRemovalBrakes(table(records, 'removals')),
  staging: createStaging(table(records, 'staging')),
  packages: createPackages(table(records, 'packages')),
  ledger: createLedger(auditRows, auditIndex),
  graph: createEntitlements({
    root,
    dialect: config.graph.dialect,
    draft: config.graph.draft,
    deadlineMs: config.graph.deadlineMs,
    appVersion,
    throttle: createLimits(limits, { onThrottled: budget.halve }),
    budget,
    permissions,
    ...(root.startsWith('https://') && { credential, scope: cloud.scope }),
  }),
  budget,
  send: createQueueSender(config, credential),
  loadRoster: () => {
    const { roster } = config.reconcile;
    if (!roster) throw new Error('there is no roster');
    return loadRoster(roster, appFolder, credential);
  },
  writeReport: (url, content) => addBlob(url, content, { name: 'report', credential }),
  permissions,
};

registerIntake(services);
df.app.orchestration('accessChange', accessChange);
df.app.orchestration('reconcile', reconcile);
registerActivities(services);
registerReconciliation(services);
registerTimers(services);
const { container } = config.seals;
if (container !== undefined)
  registerSealing(config.seals.schedule, {
    audit: createLedgerReader(auditRows, auditIndex),
    seals: openSeals(container, credential),
  });
