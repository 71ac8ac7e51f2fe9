import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { StoredFact } from '../domain/lifecycle/facts';
import { isTooLong, isWorkerId } from '../domain/events/match-attribute';
import { Unclear } from '../domain/reconcile/findings';
import type { Outcome } from '../domain/workflow/outcome';
import type { Config } from '../config/config';
import type { LoadedModel } from '../config/load-model';
import { groupBy } from '../group-by';
import { mapConcurrent } from '../promises';
import type { Holding, Holdings } from '../storage/holdings';
import { shardOf, type Staging } from '../storage/staging';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { blankScope } from './begin';
import { rosterOf, snapshotsIn } from './read-roster';
import {
  keptKeyOf,
  LAST_COMPLETE,
  LastComplete,
  nfc,
  type PackageCounts,
  type PeopleBatch,
  StagedUser,
} from './read-scope';

export type ReadPeopleServices = {
  config: Pick<Config, 'matchAttribute'>;
  model: () => LoadedModel;
  workers: Pick<Workers, 'page' | 'person'>;
  holdings: Pick<Holdings, 'of'>;
  staging: Staging;
};

/** One account of a person, or a person without one. `isOtherAccount`: they have another one now. */
export const StagedPerson = z.object({
  personId: z.string(),
  workerIds: z.array(z.string()),
  objectId: z.string().optional(),
  isOtherAccount: z.boolean().optional(),
  /** Why it is not known which account is theirs. */
  unclear: Unclear.optional(),
  /** The hashes of the snapshots of their numbers in the roster; absent without a roster that was read whole. */
  inRoster: z.array(z.string()).optional(),
});
export type StagedPerson = z.infer<typeof StagedPerson>;

const TOO_MANY: Unclear = 'too-many-worker-ids';

/** Each batch of people reads the whole directory, shard by shard: few large ones are far cheaper than many small ones. */
const MOST_PEOPLE = 2_000;
const AT_ONCE = 8;

type Person = {
  personId: string;
  workerIds: string[];
  holdings: Holding[];
  /** Whether their worker id is joined to so many that they cannot be one person: then each is looked at alone. */
  hasTooMany?: boolean;
};

/**
 * Reads the next people of whom facts are known, finds the account of each in what was staged of the directory, and stages
 * them by it. Counts what our records say of each package, and adds a list for every package that is not in the model.
 */
export async function readExpected(
  services: ReadPeopleServices,
  run: ReconcileRun,
  from: string | undefined,
): Promise<Outcome<{ next?: string | undefined; scopes: number }>> {
  const { staging, workers } = services;
  const { generation, options } = run;
  const directory = await staging.scope(generation, 0);
  // Who cannot be found in the directory must not look as if they had no account.
  if (directory?.state !== 'complete')
    return { kind: 'failed', why: `directory-${directory?.why ?? 'unread'}` };
  const { numbers, last } = await workers.page(from, MOST_PEOPLE);
  const read = await mapConcurrent(AT_ONCE, numbers, (number) => personOf(services, number));
  const all = read.filter((person) => person !== undefined);
  const people = all.filter(
    ({ workerIds }) => !options.workerId || workerIds.includes(options.workerId),
  );
  const found = await foundOf(services, generation, people, new Set(directory.batches));
  const batch = randomUUID();
  const items = people.flatMap((person) => stagedOf(person, found));
  await staging.stage(generation, 'person', batch, items);
  // Whether a list can be true depends on all who hold the package, whoever is compared.
  const counts = await countsOf(services, run, all);
  await staging.put(generation, 'people', keyOf(from), { batch, counts });
  const scopes = await addScopes(services, run, people);
  return { kind: 'done', ...(last !== undefined && { next: last }), scopes };
}

/** One row for each range, so that a second execution replaces what the first has counted. */
const keyOf = (from: string | undefined): string => `from-${from ?? ''}`;

/** Undefined for a number that stands for nobody alone, or that nothing was stated of. */
async function personOf(
  { workers, holdings }: ReadPeopleServices,
  number: { workerId: string; facts: StoredFact[]; holdings: Holding[]; isJoined: boolean },
): Promise<Person | undefined> {
  const { workerId, facts } = number;
  const alone =
    facts.length === 0
      ? undefined
      : { personId: workerId, workerIds: [workerId], holdings: number.holdings };
  if (!number.isJoined) return alone;
  try {
    const person = await workers.person(workerId);
    if (person.root !== workerId || person.facts.length === 0) return undefined;
    const latest = person.facts.toSorted((one, other) => (one.time < other.time ? 1 : -1));
    const workerIds = [...new Set([...latest.map((fact) => fact.workerId), workerId])];
    return { personId: workerId, workerIds, holdings: await holdings.of(workerIds) };
  } catch (error) {
    if (error instanceof TooManyNumbers) return alone && { ...alone, hasTooMany: true };
    throw error;
  }
}

type Account = { id: string } | { unclear: Unclear };
type Found = { accounts: Map<string, Account>; snapshots: Map<string, string> | undefined };

/** The account and the snapshot of each worker id that has one; shard by shard, so that no list is ever whole in memory. */
async function foundOf(
  { staging, config }: ReadPeopleServices,
  generation: number,
  people: readonly Person[],
  batches: ReadonlySet<string>,
): Promise<Found> {
  const ids = people.flatMap(({ workerIds }) => workerIds);
  const byShard = groupBy(ids, (id) => shardOf(nfc(id)));
  const roster = await rosterOf(staging, generation);
  const snapshots = roster?.state === 'complete' ? new Map<string, string>() : undefined;
  const accounts = new Map<string, Account>();
  await mapConcurrent(AT_ONCE, [...byShard], async ([shard, workerIds]) => {
    const users = await staging.staged(generation, shard, 'user', StagedUser, batches);
    const stated = roster && snapshots ? await snapshotsIn(staging, generation, shard, roster) : [];
    for (const { workerId, hash } of stated) snapshots?.set(workerId, hash);
    const byValue = groupBy(users, ({ value }) => nfc(value).toLowerCase());
    for (const workerId of workerIds) {
      if (isTooLong(workerId, config.matchAttribute)) continue;
      const found = byValue.get(nfc(workerId).toLowerCase()) ?? [];
      const own = found.filter(({ value }) => isWorkerId(value, workerId));
      if (found.length === 0) continue;
      const [user, ...others] = own;
      if (user === undefined) accounts.set(workerId, { unclear: 'identity-mismatch' });
      else accounts.set(workerId, others.length > 0 ? { unclear: 'ambiguous-identity' } : user);
    }
  });
  return { accounts, snapshots };
}

/** The person at their account, and at every other account for which there is a holding. */
function stagedOf(
  { personId, workerIds, holdings, hasTooMany }: Person,
  { accounts, snapshots }: Found,
): [string, StagedPerson][] {
  const known = hasTooMany
    ? { unclear: TOO_MANY }
    : workerIds.map((id) => accounts.get(id)).find((one) => one !== undefined);
  const objectId = known && 'id' in known ? known.id : undefined;
  const inRoster = !hasTooMany && snapshots && workerIds.flatMap((id) => snapshots.get(id) ?? []);
  const person = { personId, workerIds, ...(inRoster && { inRoster }) };
  const others = holdings
    .filter(({ state }) => state !== 'idle' && state !== 'gone')
    .map(({ targetId }) => targetId)
    .filter((targetId) => targetId !== objectId);
  return [
    [
      shardOf(objectId ?? personId),
      { ...person, objectId, ...(known && 'unclear' in known && { unclear: known.unclear }) },
    ],
    ...[...new Set(others)].map((targetId): [string, StagedPerson] => [
      shardOf(targetId),
      { ...person, objectId: targetId, isOtherAccount: true },
    ]),
  ];
}

const [EARLIEST, LATEST] = ['1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z'];

async function countsOf(
  { staging }: ReadPeopleServices,
  { at }: ReconcileRun,
  people: readonly Person[],
): Promise<z.infer<typeof PeopleBatch>['counts']> {
  const counts = new Map<string, PackageCounts>();
  const lists = new Map<string, { holders?: number; readAt: number }>();
  for (const one of people.flatMap(({ holdings }) => holdings)) {
    const { packageKey, state, whose } = one;
    if (!lists.has(packageKey)) {
      const key = keptKeyOf({ kind: 'package', packageKey });
      const last = await staging.kept(LastComplete, LAST_COMPLETE, key);
      lists.set(packageKey, { ...last, readAt: Date.parse(last?.at ?? EARLIEST) });
    }
    const { holders, readAt } = lists.get(packageKey) ?? { readAt: 0 };
    const count = counts.get(packageKey) ?? { recorded: 0, removed: 0 };
    counts.set(packageKey, count);
    const [updatedAt, until] = [Date.parse(one.updatedAt), Date.parse(one.until ?? LATEST)];
    // At the end that we asked for, Entra removes it, and no run of ours sees that.
    const isHeld = state === 'held' && until > Date.parse(at);
    // Nobody held the package when its list was last complete, which may be because a person has said so.
    const wasUnseen = holders === 0 && updatedAt <= readAt;
    if (isHeld && whose === 'ours' && !wasUnseen) count.recorded += 1;
    const endedAt = state === 'gone' ? updatedAt : until;
    if ((state === 'gone' || state === 'held') && !isHeld && endedAt > readAt) count.removed += 1;
  }
  return Object.fromEntries(counts);
}

/** Packages that we gave and that have left the model since. Answers how many lists there are. */
async function addScopes(
  { staging, model }: ReadPeopleServices,
  { generation, options }: ReconcileRun,
  people: readonly Person[],
): Promise<number> {
  const scopes = await staging.scopes(generation);
  const known = new Set([
    ...model().model.accessPackages.map(({ key }) => key),
    ...scopes.flatMap(({ packageKey }) => packageKey ?? []),
  ]);
  let count = scopes.length;
  for (const { packageKey, accessPackageId, state } of people.flatMap((one) => one.holdings)) {
    if (state !== 'held' || accessPackageId === undefined || known.has(packageKey)) continue;
    if ((options.packageKey ?? packageKey) !== packageKey) continue;
    known.add(packageKey);
    const scope = { ...blankScope('package'), packageKey, packageId: accessPackageId };
    await staging.putScope(generation, count, scope);
    count += 1;
  }
  return count;
}
