import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { AccessModel } from '../domain/access-model/access-model';
import type { StoredFact } from '../domain/lifecycle/facts';
import { isExcluded, type Exclusions } from '../domain/lifecycle/gate';
import { timelineOf } from '../domain/lifecycle/timeline';
import { comparePerson, type Person, type RecordedHolding } from '../domain/reconcile/compare';
import { Difference, reported } from '../domain/reconcile/findings';
import { countRepairs, RepairCounts, addCounts } from '../domain/reconcile/reconcile-brakes';
import { evaluateHeadroom, headroomOf, type ScopeState } from '../domain/reconcile/scope';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import { mayBeBehind } from '../assignments/access-of-package';
import { isUndecided } from '../assignments/plan';
import type { Config } from '../config/config';
import type { LoadedModel } from '../config/load-model';
import { mapConcurrent } from '../promises';
import type { StoredHolding } from '../storage/holdings';
import { foundIn, type ScopeRow, type Staging } from '../storage/staging';
import type { Workers } from '../storage/workers';
import { actualOf, RECENT_MS, type Tenant } from './actual';
import { groupBy, OpenRuns, recordsOfPerson, StagedPerson } from './read-people';
import { rosterOf, Unmet, UNMET, unmetBatches } from './read-roster';
import { PeopleBatch, requestsSince, StagedAssignment, StagedRequest } from './read-scope';

export type CompareServices = {
  config: Pick<Config, 'mode' | 'timeouts' | 'reconcile' | 'graph'>;
  model: () => LoadedModel;
  exclusions: () => Exclusions;
  workers: Pick<Workers, 'records' | 'ofNumber'>;
  staging: Staging;
};

/** What differs for one account. `workerId`: absent where no known person has it. */
export const Found = z.object({
  batch: z.string(),
  workerId: z.string().optional(),
  differences: z.array(Difference),
});
export type Found = z.infer<typeof Found>;

const Skipped = z.object({
  runOpen: z.number().int(),
  recentFact: z.number().int(),
  excluded: z.number().int(),
});
type Skipped = z.infer<typeof Skipped>;

/** What was found in one shard. Only the rows of `batch` count: another execution may have left some. */
export const ShardRow = z.object({
  batch: z.string(),
  found: z.number().int(),
  repairs: RepairCounts,
  skipped: Skipped,
  /** Of the access model that it was compared by. */
  modelHash: z.string(),
});

/** What runs were about to have given back, by account and package; `at`: when the last of them noted it (ISO 8601). */
export const GIVEN_BACK = 'given-back';
export const GivenBack = z.object({ run: z.string(), at: z.string() });
export const givenBackKey = (objectId: string, packageKey: string): string =>
  `${objectId}-${packageKey}`;

const MOST_MS = 20_000;
const MOST_SHARDS = 64;
const AT_ONCE = 8;
/** What has something to compare. */
const COMPARED = ['held', 'person', UNMET];

/** What all people of a run are compared by. */
type Circumstances = Tenant & {
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

/** Compares shard after shard with what was staged of it. Answers the shard where the next execution begins. */
export async function compareShards(
  services: CompareServices,
  run: ReconcileRun,
  from: string | undefined,
): Promise<Outcome<{ next?: string | undefined }>> {
  const circumstances = await circumstancesOf(services, run);
  const until = Date.now() + MOST_MS;
  const staged = await services.staging.stagedShards(run.generation, COMPARED);
  const left = staged.filter((shard) => from === undefined || shard >= from);
  for (const [index, shard] of left.entries()) {
    if (index > 0 && (Date.now() > until || index >= MOST_SHARDS))
      return { kind: 'done', next: shard };
    await compareShard(services, circumstances, shard);
  }
  return { kind: 'done' };
}

async function circumstancesOf(
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

async function compareShard(
  services: CompareServices,
  circumstances: Circumstances,
  shard: string,
): Promise<void> {
  const { staging } = services;
  const { run, held, people } = circumstances;
  const { generation, options } = run;
  const assignments = groupBy(
    await staging.staged(generation, shard, 'held', StagedAssignment, held),
    ({ userId }) => userId,
  );
  const requests = groupBy(
    await stagedRequests(staging, circumstances, shard),
    ({ userId }) => userId,
  );
  const known = await staging.staged(generation, shard, 'person', StagedPerson, people);
  const skipped: Skipped = { runOpen: 0, recentFact: 0, excluded: 0 };
  const found: Omit<Found, 'batch'>[] = [];
  const keep = (workerId: string | undefined, differences: Difference[]): void => {
    const own = differences.filter(
      ({ packageKey }) => (options.packageKey ?? packageKey) === packageKey,
    );
    if (own.length > 0)
      found.push({ ...(workerId !== undefined && { workerId }), differences: own });
  };
  await mapConcurrent(AT_ONCE, known, async (person) => {
    const here = {
      assignments: assignments.get(person.objectId ?? '') ?? [],
      requests: requests.get(person.objectId ?? '') ?? [],
    };
    const compared = await compareKnown(services, circumstances, person, here);
    // Whoever has had another account is compared there as well, and is one person.
    const counted = person.isOtherAccount ? 0 : 1;
    if (typeof compared === 'string') skipped[compared] += counted;
    else {
      if (compared.isExcluded) skipped.excluded += counted;
      keep(person.workerIds[0], compared.differences);
    }
  });
  const accounts = new Set(known.map(({ objectId }) => objectId));
  for (const [objectId, here] of options.workerId === undefined ? assignments : []) {
    if (accounts.has(objectId)) continue;
    // A run has dealt with it since the reading began.
    if (circumstances.open.has(objectId)) {
      skipped.recentFact += 1;
      continue;
    }
    const context = contextOf(services, circumstances, [], [objectId]);
    const { differences } = comparePerson({
      ...{ ...context, objectId, records: [], timeline: timelineOf([], services.model().model) },
      held: actualOf({ assignments: here, requests: [], holdings: [] }, circumstances),
    });
    if (context.reportOnly) skipped.excluded += 1;
    keep(undefined, differences);
  }
  const batches = circumstances.roster && circumstances.unmet.get(shard);
  const unmet = batches ? await staging.staged(generation, shard, UNMET, Unmet, batches) : [];
  for (const { workerId } of unmet) keep(workerId, [reported('roster-only', { workerId })]);
  if (known.length === 0 && assignments.size === 0 && unmet.length === 0) return;
  const batch = randomUUID();
  await mapConcurrent(AT_ONCE, [...found.entries()], ([index, one]) =>
    staging.put(generation, foundIn(shard), `${batch}-${index}`, { batch, ...one }),
  );
  const repairs = found
    .map(({ differences }) => countRepairs(differences))
    .reduce<RepairCounts>(addCounts, {});
  const row = { batch, found: found.length, repairs, skipped, modelHash: services.model().hash };
  await staging.put(generation, 'shards', shard, row);
}

/** Few requests are open, so mostly nothing has to be read. */
const stagedRequests = (
  staging: Staging,
  { run, requests }: Circumstances,
  shard: string,
): Promise<StagedRequest[]> =>
  requests.size === 0
    ? Promise.resolve([])
    : staging.staged(run.generation, shard, 'request', StagedRequest, requests);

/** The differences of one account of a known person, or why they are left to a run of their own. */
async function compareKnown(
  services: CompareServices,
  circumstances: Circumstances,
  person: StagedPerson,
  { assignments, requests }: { assignments: StagedAssignment[]; requests: StagedRequest[] },
): Promise<'runOpen' | 'recentFact' | { differences: Difference[]; isExcluded: boolean }> {
  const { personId, workerIds, objectId, isOtherAccount, inRoster = [] } = person;
  const { at, open } = circumstances;
  if ([personId, ...workerIds].some((id) => open.has(id))) return 'runOpen';
  const { model } = services.model();
  const { facts, holdings, unclear } = await recordsOfPerson(services.workers, person);
  // What the roster states has no run of its own.
  const ofEvents = facts.filter(({ hash }) => !inRoster.includes(hash));
  if (ofEvents.some(({ acceptedAt }) => Date.parse(acceptedAt) > at - RECENT_MS))
    return 'recentFact';
  // A run of theirs acted while the lists were read, or so shortly before that they may not show it.
  const lag = { readAt: at, lagSeconds: services.config.graph.lagSeconds };
  if (holdings.some(({ updatedAt }) => mayBeBehind(lag, updatedAt))) return 'runOpen';
  const absent = isAbsent(person, facts, circumstances, model)
    ? [reported('absent-from-roster', { workerId: workerIds[0] })]
    : [];
  // Without an account that is known to be theirs, nothing is held: what an account of theirs may hold is found with that one.
  const own = holdings.filter(({ targetId }) =>
    objectId === undefined ? unclear === undefined : targetId === objectId,
  );
  const timeline = timelineOf(facts, model);
  const context = contextOf(services, circumstances, workerIds, objectId ? [objectId] : []);
  const isExcluded = context.reportOnly === 'excluded';
  const isUnclear = isUndecided(timeline, facts, model, at);
  const { differences } = comparePerson({
    ...{ ...context, workerId: workerIds[0], objectId, timeline, isOtherAccount, unclear },
    ...(isUnclear && !isExcluded && { reportOnly: 'attribute-not-stored' as const }),
    held: actualOf({ assignments, requests, holdings: own }, circumstances),
    // Without an account, there is nothing that somebody could have taken away: it is with the account that they had.
    records: objectId === undefined ? [] : await recordsOf(services, own, assignments),
  });
  return { differences: [...differences, ...absent], isExcluded };
}

/** Whether the roster had to have a person whom it has not: its source has stated their employment until then. */
function isAbsent(
  { inRoster, isOtherAccount }: StagedPerson,
  facts: readonly StoredFact[],
  { roster, at }: Circumstances,
  model: AccessModel,
): boolean {
  if (!roster || isOtherAccount || inRoster?.length !== 0) return false;
  const then = facts.filter(({ time, source }) => source === roster.source && time <= roster.asOf);
  const isEmployed = (stated: readonly StoredFact[], instant: number): boolean =>
    timelineOf(stated, model).spans.some(
      ({ from, until }) => from <= instant && instant < (until ?? Infinity),
    );
  return isEmployed(then, Date.parse(roster.asOf)) && isEmployed(facts, at);
}

function contextOf(
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

/** The records of an account. Whether something was given back before is asked only where somebody took it. */
function recordsOf(
  { staging }: CompareServices,
  holdings: readonly StoredHolding[],
  assignments: readonly StagedAssignment[],
): Promise<RecordedHolding[]> {
  return Promise.all(
    holdings.map(async (holding) => {
      const { packageKey, state, action, whose, assignmentId, until, updatedAt, targetId } =
        holding;
      const isThere = assignments.some((one) => one.packageKey === packageKey);
      const asked =
        isThere || state !== 'held'
          ? undefined
          : await staging.kept(GivenBack, GIVEN_BACK, givenBackKey(targetId, packageKey));
      return {
        ...{ packageKey, state, action, whose, assignmentId, until, updatedAt },
        // The run that noted it may have ended before it could ask: then no request has come after the note.
        wasGivenBack: asked !== undefined && updatedAt > asked.at,
      };
    }),
  );
}
