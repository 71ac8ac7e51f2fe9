import { reported, type Difference } from '../domain/reconcile/findings';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import { groupBy } from '../group-by';
import { mapConcurrent } from '../promises';
import { shardOf, type Staging } from '../storage/staging';
import { circumstancesOf, type Circumstances, type CompareServices } from './circumstances';
import { compareKnown, compareUnknown } from './compare-account';
import { keepFound, type FoundOf, type Skipped } from './found';
import { StagedPerson } from './read-people';
import { Unmet, UNMET } from './read-roster';
import { StagedAssignment, StagedRequest } from './read-scope';

const MOST_MS = 20_000;
const MOST_SHARDS = 64;
const AT_ONCE = 8;
/** What has something to compare. */
export const COMPARED = ['held', 'person', UNMET];

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
  const found: FoundOf[] = [];
  const keep = (of: string, workerId: string | undefined, differences: Difference[]): void => {
    const own = differences.filter(
      ({ packageKey }) => (options.packageKey ?? packageKey) === packageKey,
    );
    if (own.length > 0)
      found.push({ of, ...(workerId !== undefined && { workerId }), differences: own });
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
      keep(shardOf(person.personId), person.workerIds[0], compared.differences);
    }
  });
  const accounts = new Set(known.map(({ objectId }) => objectId));
  for (const [objectId, here] of options.workerId === undefined ? assignments : []) {
    if (accounts.has(objectId)) continue;
    const compared = compareUnknown(services, circumstances, objectId, here);
    if (compared === 'recentFact') skipped.recentFact += 1;
    else {
      if (compared.isExcluded) skipped.excluded += 1;
      keep(shard, undefined, compared.differences);
    }
  }
  const batches = circumstances.roster && circumstances.unmet.get(shard);
  const unmet = batches ? await staging.staged(generation, shard, UNMET, Unmet, batches) : [];
  const taken = options.dryRun
    ? 'a dry run takes nothing of the roster'
    : 'this run has taken what the roster says of them';
  for (const { workerId } of unmet)
    keep(shard, workerId, [reported('roster-only', { workerId }, taken)]);
  if (known.length === 0 && assignments.size === 0 && unmet.length === 0) return;
  const rest = { skipped, modelHash: services.model().hash };
  await keepFound(staging, { generation, shard }, found, rest);
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
