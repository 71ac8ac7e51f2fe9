import type { AccessModel } from '../shared/domain/access-model/access-model';
import { attributesIn } from '../shared/domain/lifecycle/fact-of';
import { birthrightsFor } from '../shared/domain/lifecycle/plan';
import { createEntitlements } from '../shared/graph/entitlements';
import { GraphError } from '../shared/graph/errors';
import {
  carryOutLoad,
  isAdoption,
  planLoad,
  type LoadPlan,
  type LoadServices,
} from '../shared/roster/load';
import { snapshotsOf, type RosterWorker } from '../shared/roster/snapshots';
import { readRosterRows } from '../shared/roster/rows';
import { createDue } from '../shared/storage/due';
import { createHoldings } from '../shared/storage/holdings';
import { createPackages } from '../shared/storage/packages';
import { openTable } from '../shared/storage/table';
import { createWorkerLocks } from '../shared/storage/worker-locks';
import { createWorkers } from '../shared/storage/workers';
import { configOf, ownCredential, readBody, type AppSettings } from './connection';
import { graphOptions, printAccount, type SignInOptions } from './graph';
import { loadModel } from './model';
import { askForYes, CliError, counted, isTerminal, print, tableOf, warn } from './print';
import { formatOf, readMap, refuse } from './roster';

export type LoadOptions = SignInOptions & {
  map: string;
  source: string;
  asOf: Date;
  dryRun?: boolean;
  yes: boolean;
  json: boolean;
};

/** What the person who loads agrees to when they sign in: reads alone. */
const SCOPES = ['EntitlementManagement.Read.All', 'User.Read.All'];

/**
 * Takes the workers of a roster as snapshots, and adopts what they hold and should hold. Shows first what that is, and
 * stores it with `yes` or after asking on a terminal. Writes nothing to Graph, and nothing at all if any row is faulty.
 * Exit code 1 then, and if something has to be loaded again.
 */
export async function load(app: AppSettings, roster: string, options: LoadOptions): Promise<void> {
  const { source, asOf, dryRun = false, yes, json } = options;
  if (!dryRun && !yes && (json || !isTerminal()))
    throw new CliError(
      'nobody can be asked here: give --yes to load, or --dry-run to see what it would do',
      2,
    );
  const config = configOf(app);
  if (!config.sources.includes(source))
    throw new CliError(`--source is not one of EVENT_SOURCES: ${config.sources.join(', ')}`, 2);
  if (asOf.getTime() > Date.now())
    throw new CliError(
      '--as-of is in the future: what HR states until then would count as older',
      2,
    );
  const map = readMap(options.map, await readBody(options.map));
  const rows = readRosterRows(await readBody(roster), formatOf(roster), map);
  const origin = { source, asOf: asOf.toISOString() };
  const { workers, faults } = snapshotsOf(rows, map, origin);
  refuse('not loaded', roster, faults);
  const loaded = await loadModel(config.accessModel);
  const reached = graphOptions(config, SCOPES, options);
  await printAccount(reached);
  const services = { ...servicesOver(config, reached), model: () => loaded };
  const plan = await planLoad(services, workers, new Date()).catch(graphFailure);
  refuse('not loaded', roster, plan.faults);
  const summary = summaryOf(rows.rows.length, unmatchedIn(workers, loaded.model), plan);
  const isIdle = summary.facts.new === 0 && summary.access['adopt'] === undefined;
  if (!json) warn(summary.notes);
  if (!json && !yes && !dryRun) process.stdout.write(`${textOf(summary)}\n`);
  // Without news too: what was broken off may lack wake-ups.
  const isAgreed = !dryRun && (yes || (!isIdle && (await askForYes('Load this?'))));
  const changed = isAgreed ? await carryOutLoad(services, plan).catch(graphFailure) : [];
  const ended = {
    ...summary,
    dryRun,
    loaded: isAgreed,
    changedMeanwhile: changed,
  };
  print(ended, json, () =>
    yes || dryRun ? `${textOf(summary)}\n\n${endOf(ended)}` : endOf(ended),
  );
  if (changed.length > 0) process.exitCode = 1;
}

function graphFailure(error: unknown): never {
  if (!(error instanceof GraphError)) throw error;
  throw new CliError(
    `Microsoft Graph did not answer: ${error.message}. What was stored until then stays; run the same command again.`,
  );
}

function servicesOver(
  config: ReturnType<typeof configOf>,
  reached: ReturnType<typeof graphOptions>,
): Omit<LoadServices, 'model'> {
  const table = (name: string) => openTable(config.storage.records, name, ownCredential());
  const workers = table('workers');
  return {
    ...{ config, graph: createEntitlements(reached), packages: createPackages(table('packages')) },
    ...{ workers: createWorkers(workers), holdings: createHoldings(workers) },
    ...{ workerLocks: createWorkerLocks(workers), due: createDue(table('due')) },
    onProgress: progressOf(),
    onWait: (why) => process.stderr.write(`waiting (${why})\n`),
  };
}

const PROGRESS_MS = 2_000;
const STEPS = { read: 'workers read', look: 'lists read', write: 'workers stored' };

/** A line every two seconds, and at the end of what took longer. */
function progressOf(): LoadServices['onProgress'] {
  let last = { at: Date.now(), step: '' };
  return (step, done, all) => {
    const isLate = Date.now() - last.at >= PROGRESS_MS;
    if (!isLate && !(done === all && last.step === step)) return;
    last = { at: Date.now(), step };
    process.stderr.write(`${done} of ${all} ${STEPS[step]}\n`);
  };
}

type Summary = ReturnType<typeof summaryOf>;

/** How many rows state attributes for which no rule gives anything: each row is one span. */
const unmatchedIn = (workers: readonly RosterWorker[], model: AccessModel): number =>
  workers
    .flatMap(({ fact }) => attributesIn(fact))
    .filter(({ attributes }) => birthrightsFor(model, attributes).length === 0).length;

function summaryOf(
  rows: number,
  matchingNoRule: number,
  { workers, unrecorded, missing }: LoadPlan,
) {
  const findings = workers.flatMap(({ workerId, targetId: objectId, problem, findings: found }) => [
    ...(problem === undefined ? [] : [{ workerId, code: problem }]),
    ...found.map(({ code, packageKey }) => ({ workerId, objectId, packageKey, code })),
  ]);
  const access: Record<string, number> = {};
  for (const { code } of findings) access[code] = (access[code] ?? 0) + 1;
  const news = workers.filter(({ fact }) => fact !== undefined).length;
  return {
    ...{ rows, workers: workers.length },
    facts: { new: news, unchanged: workers.length - news },
    ...{ matchingNoRule, access, findings },
    notes: [
      ...(matchingNoRule === 0
        ? []
        : [
            `${matchingNoRule} of ${counted(rows, 'row')} match no rule of the access model, so nothing is wanted by them: ` +
              'compare the attributes in the map with those that the rules ask for',
          ]),
      ...notesOf(unrecorded, missing),
    ],
  };
}

/** What runs do not know yet they take for nothing of the model, and then list it as handed off. */
function notesOf(unrecorded: readonly string[], missing: readonly string[]): string[] {
  const note = (keys: readonly string[], text: string) =>
    keys.length === 0 ? [] : [`${text}: ${keys.join(', ')}`];
  return [
    ...note(
      unrecorded,
      'run "joinery model apply --yes" before you load, so that runs know the ids of these packages',
    ),
    ...note(missing, 'the model has packages that the tenant does not have, so nobody holds them'),
  ];
}

const MEANINGS: Record<string, string> = {
  adopt: 'held and wanted: becomes ours',
  known: 'held and wanted, and ours already',
  'by-rule': 'held and wanted, but an automatic policy of Entra gives it: left alone',
  'unknown-policy': 'held and wanted, but its policy cannot be read: left alone',
  pending: 'wanted, and a request for it is open: left alone',
  broken: 'wanted, and delivered in part or failed: left alone',
  'not-held': 'wanted and not held: nothing is granted now',
  'hand-off': 'held and not wanted: left alone',
  'not-wanted': 'ours and no longer wanted: the next run of the worker takes it',
};
const ABOUT_WORKER = 'nothing of the access of the worker was looked at';

function textOf({ rows, workers, facts, access, findings }: Summary): string {
  const counts = Object.entries(access).map(([code, count]) => [
    ...[code, count, MEANINGS[code] ?? ABOUT_WORKER],
  ]);
  const others = findings
    .filter((one) => !isAdoption(one) && one.code !== 'known')
    .map((one) => [
      one.code,
      one.workerId,
      ...('packageKey' in one ? [one.packageKey, one.objectId] : []),
    ]);
  return [
    `${counted(rows, 'row')} of ${counted(workers, 'worker')}: ${facts.new} state something new, ${facts.unchanged} change nothing`,
    tableOf(['access', 'count', 'meaning'], counts),
    ...(others.length === 0
      ? []
      : [tableOf(['not adopted', 'worker', 'package', 'account'], others)]),
  ].join('\n\n');
}

function endOf(ended: {
  dryRun: boolean;
  loaded: boolean;
  changedMeanwhile: readonly object[];
}): string {
  if (ended.dryRun) return 'nothing was stored: this was a dry run';
  if (!ended.loaded) return 'nothing was stored';
  const { length } = ended.changedMeanwhile;
  if (length === 0) return 'loaded; nothing was written to Microsoft Graph';
  return `loaded, except ${counted(length, 'package')} that a run changed meanwhile; run the same command again`;
}
