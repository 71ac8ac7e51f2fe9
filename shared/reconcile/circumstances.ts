import { isExcluded, type Exclusions } from '../domain/lifecycle/gate';
import type { Person } from '../domain/reconcile/compare';
import { evaluateHeadroom, headroomOf, type ScopeState } from '../domain/reconcile/scope';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Config } from '../config/config';
import type { LoadedModel } from '../config/load-model';
import type { ScopeRow, Staging } from '../storage/staging';
import type { Workers } from '../storage/workers';
import type { Tenant } from './actual';
import { OpenRuns } from './read-open-runs';
import { rosterOf, unmetBatches } from './read-roster';
import { PeopleBatch, requestsSince } from './read-scope';

export type CompareServices = {
  config: Pick<Config, 'mode' | 'timeouts' | 'reconcile' | 'graph'>;
  model: () => LoadedModel;
  exclusions: () => Exclusions;
  workers: Pick<Workers, 'records' | 'ofNumber'>;
  staging: Staging;
};

/** What all people of a run are compared by. */
export type Circumstances = Tenant & {
  run: ReconcileRun;
  /** What is under way: numbers of people, and accounts of which nothing may have been known when the people were read. */
  open: ReadonlySet<string>;
  scopes: ReadonlyMap<string, ScopeState>;
  held: ReadonlySet<string>;
  people: ReadonlySet<string>;
  /** The roster, if it was read whole, and what counts of it. */
  roster: { source: string; asOf: string } | undefined;
  unmet: ReadonlyMap<string, ReadonlySet<string>>;
  requests: ReadonlySet<string>;
  /** Whether a limit of Entra is used up. */
  isUsedUp: boolean;
};

export async function circumstancesOf(
  { staging, config }: CompareServices,
  run: ReconcileRun,
): Promise<Circumstances> {
  const { generation } = run;
  const scopes = await staging.scopes(generation);
  const packages = scopes.filter(({ kind }) => kind === 'package');
  const requests = scopes.filter(({ kind }) => kind === 'requests');
  const isRead = requests.length > 0 && requests.every(({ state }) => state === 'complete');
  const people = await staging.group(PeopleBatch, generation, 'people');
  const open = await staging.group(OpenRuns, generation, 'open');
  const roster = await rosterOf(staging, generation);
  return {
    ...{ run, at: Date.parse(run.at) },
    roster: roster?.state === 'complete' ? roster : undefined,
    unmet: await unmetBatches(staging, generation),
    isUsedUp: evaluateHeadroom(headroomOf(scopes, config.reconcile.limits, run.options)).isUsedUp,
    open: new Set([...open.values()].flatMap(({ ids }) => ids)),
    scopes: new Map(packages.map((scope) => [scope.packageKey ?? '', stateOf(scope)])),
    automatic: new Set(packages.flatMap(({ automatic }) => automatic)),
    held: new Set(packages.flatMap(({ batches }) => batches)),
    people: new Set([...people.values()].map(({ batch }) => batch)),
    requests: new Set(requests.flatMap(({ batches }) => batches)),
    requestsSince: isRead ? requestsSince(run.at) : undefined,
    keys: new Map(
      packages.flatMap(({ packageId, packageKey }) =>
        packageId === undefined || packageKey === undefined ? [] : [[packageId, packageKey]],
      ),
    ),
  };
}

/** A list that was left open is no more than one that failed. */
export const stateOf = ({ state }: ScopeRow): ScopeState =>
  state === 'reading' ? 'incomplete' : state;

/** What of it the comparison of one account asks for, which may be on the list of exclusions. */
export function contextOf(
  { config, model, exclusions }: CompareServices,
  { at, scopes, isUsedUp }: Circumstances,
  workerIds: readonly string[],
  objectIds: readonly string[],
): Pick<Person, 'model' | 'mode' | 'scopes' | 'reportOnly' | 'isUsedUp' | 'at' | 'deadlines'> {
  const { delivery, approval } = config.timeouts;
  return {
    ...{ model: model().model, mode: config.mode, scopes, isUsedUp, at },
    deadlines: { delivery, approval },
    ...(isExcluded(exclusions(), { workerIds, objectIds }) && { reportOnly: 'excluded' as const }),
  };
}
