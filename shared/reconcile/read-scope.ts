import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { packageDefinition } from '../domain/access-model/access-model';
import { Id } from '../domain/events/event';
import { isOurs } from '../domain/events/keys';
import { scopeOf } from '../domain/reconcile/scope';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import type { Config } from '../config/config';
import type { LoadedModel } from '../config/load-model';
import { asOutcome, GraphError } from '../graph/errors';
import type { AssignmentRequest } from '../graph/answers';
import type { Entitlements } from '../graph/entitlements';
import type { PackageReads } from '../packages/inspect';
import { driftOf } from '../packages/plan';
import { comparePackage, openRecords } from '../packages/records';
import type { Packages } from '../storage/packages';
import { shardOf, type ScopeRow, type Staging } from '../storage/staging';

export type ReadScopeServices = {
  config: Pick<Config, 'matchAttribute' | 'reconcile'>;
  model: () => LoadedModel;
  packages: Pick<Packages, 'memory'>;
  graph: Pick<Entitlements, 'usersPage' | 'assignmentsPage' | 'requestsPage' | 'countPage'> &
    PackageReads;
  staging: Staging;
};

/** A user of the directory by the attribute that holds the worker id. */
export const StagedUser = z.object({ id: z.string(), isEnabled: z.boolean(), value: z.string() });

/** An assignment as Graph shows it. `until`: its end, ISO 8601. */
export const StagedAssignment = z.object({
  id: z.string(),
  packageKey: z.string(),
  userId: z.string(),
  policyId: z.string().optional(),
  status: z.string(),
  until: z.string().optional(),
});
export type StagedAssignment = z.infer<typeof StagedAssignment>;

/** A request that is open, whoever made it. `since`: when it was made (ISO 8601); absent if it is to begin later. */
export const StagedRequest = z.object({
  id: z.string(),
  packageId: z.string(),
  userId: z.string(),
  isOurs: z.boolean(),
  /** What it is to do with the access: give it, take it, or change it. */
  does: z.enum(['add', 'remove', 'change']),
  assignmentId: z.string().optional(),
  since: z.string().optional(),
});
export type StagedRequest = z.infer<typeof StagedRequest>;

/** What is known of the holders of a package beside the list itself; counted while the people are read. */
export const PackageCounts = z.object({
  /** Holdings of ours by our records, but for those that were not there when the list was last complete and empty. */
  recorded: z.number().int(),
  /** Those that we have removed since the package was last read whole, or whose end by our records has come since. */
  removed: z.number().int(),
});
export type PackageCounts = z.infer<typeof PackageCounts>;

/** A batch of people that was read, with what it counts by package. */
export const PeopleBatch = z.object({
  batch: z.string(),
  counts: z.record(z.string(), PackageCounts),
});

/** How many held a package when it was last read whole, and when that was. */
export const LastComplete = z.object({ holders: z.number().int(), at: z.string() });
export const LAST_COMPLETE = 'holders';

export const keptKeyOf = ({ kind, packageKey }: Pick<ScopeRow, 'kind' | 'packageKey'>): string =>
  packageKey === undefined ? kind : `package-${packageKey}`;

const MOST_PAGES = 20;
/** What an execution holds in memory at once, in whatever pages Graph answers: a page more than this at most. */
const MOST_ITEMS = 4_000;
const MOST_MS = 60_000;
/** No list is that long: Entra allows 300,000 assignments. */
const MOST_PAGES_OF_A_LIST = 100_000;

/**
 * Reads a list on, at most 20 pages or 4,000 items: each execution stages what it read and saves where the next one goes on, also where a
 * page fails. After the last page it is told whether the list can be true. `giveUp`: why the rest is left unread.
 */
export async function readScope(
  services: ReadScopeServices,
  { run, scope: index, giveUp }: { run: ReconcileRun; scope: number; giveUp?: string | undefined },
): Promise<Outcome<{ isOver: boolean }>> {
  const { staging } = services;
  const { generation } = run;
  const scope = await staging.scope(generation, index);
  if (scope?.state !== 'reading') return { kind: 'done', isOver: true };
  const save = (changes: Partial<ScopeRow>): Promise<void> =>
    staging.putScope(generation, index, { ...scope, ...changes });
  if (giveUp !== undefined) {
    await save({ state: 'incomplete', why: giveUp, cursor: undefined });
    return { kind: 'done', isOver: true };
  }
  return asOutcome(async () => {
    const read = await readPages(services, scope, run);
    if (read.items.length > 0 || read.scope.pages > scope.pages) {
      const batch = randomUUID();
      await staging.stage(generation, kindOf(scope), batch, read.items);
      const batches = read.items.length > 0 ? [...scope.batches, batch] : scope.batches;
      Object.assign(scope, read.scope, { batches });
    }
    if (read.error !== undefined) {
      await save({});
      throw read.error as Error;
    }
    if (scope.cursor === undefined) await save(await endOf(services, run, scope));
    else await save({});
    return { kind: 'done', isOver: scope.cursor === undefined };
  });
}

/** What is staged of a list. */
function kindOf({ kind }: ScopeRow): string {
  if (kind === 'directory') return 'user';
  return kind === 'requests' ? 'request' : 'held';
}

type Item = readonly [shard: string, item: object];

/** The next pages, until one of them fails. */
async function readPages(
  services: ReadScopeServices,
  before: ScopeRow,
  run: ReconcileRun,
): Promise<{ scope: ScopeRow; items: Item[]; error?: unknown }> {
  const items: Item[] = [];
  let scope = before;
  const until = Date.now() + MOST_MS;
  try {
    if (scope.pages === 0) scope = { ...scope, ...(await packageOf(services, scope)) };
    // A package that does not exist yet has no list.
    if (scope.kind === 'package' && scope.packageId === undefined) return { scope, items };
    do {
      const page = await pageOf(services, scope, run);
      const mark = page.mark ?? page.next;
      // Brent's way to tell a circle: a page of long ago that comes back.
      const isCircle = mark !== undefined && mark === scope.mark;
      if (isCircle || scope.pages >= MOST_PAGES_OF_A_LIST)
        throw new GraphError('readScope', { code: 'endless-pages', ambiguous: false });
      const pages = scope.pages + 1;
      const isMarked = (pages & (pages - 1)) === 0;
      items.push(...page.items);
      scope = {
        ...{ ...scope, pages, cursor: page.next, holders: scope.holders + page.count },
        ...(isMarked && { mark }),
      };
    } while (
      scope.cursor !== undefined &&
      scope.pages < before.pages + MOST_PAGES &&
      items.length < MOST_ITEMS &&
      Date.now() < until
    );
    return { scope, items };
  } catch (error) {
    return { scope, items, error };
  }
}

type Page = { items: Item[]; count: number; next?: string | undefined; mark?: string | undefined };

const COUNTED_BY = { packages: 'listAccessPackages', policies: 'listPolicies' } as const;

async function pageOf(
  { graph, config }: ReadScopeServices,
  scope: ScopeRow,
  { at }: ReconcileRun,
): Promise<Page> {
  if (scope.kind === 'directory') {
    const page = await graph.usersPage(config.matchAttribute, scope.cursor);
    // What cannot be a worker id may be anything, such as a name.
    const people = page.items.filter(({ value }) => Id.safeParse(nfc(value)).success);
    const items = people.map((user) => [shardOf(nfc(user.value)), user] as const);
    return { ...page, items, count: page.items.length };
  }
  if (scope.kind === 'requests') {
    const page = await graph.requestsPage(requestsSince(at), scope.cursor);
    return { ...page, items: page.items.flatMap(stagedRequest) };
  }
  if (scope.kind !== 'package')
    return { ...(await graph.countPage(COUNTED_BY[scope.kind], scope.cursor)), items: [] };
  const { packageId = '', packageKey = '' } = scope;
  const page = await graph.assignmentsPage(packageId, scope.cursor);
  return {
    ...page,
    count: page.items.length,
    items: page.items.map(({ id, userId, policyId, status, until }) => {
      const item: StagedAssignment = { id, packageKey, userId, policyId, status, until };
      return [shardOf(userId), item] as const;
    }),
  };
}

const DOES = ['add', 'remove'] as const;

function stagedRequest(request: AssignmentRequest): Item[] {
  const { id, packageId, userId, requestType, requestStatus, assignmentId } = request;
  if (packageId === undefined || userId === undefined) return [];
  const item: StagedRequest = {
    ...{ id, packageId, userId, assignmentId, isOurs: isOurs(request.justification) },
    does: DOES.find((one) => requestType?.toLowerCase().endsWith(one)) ?? 'change',
    since: requestStatus === 'scheduled' ? undefined : request.createdDateTime,
  };
  return [[shardOf(userId), item]];
}

/** The requests of 3 months count against a limit of Entra. */
export function requestsSince(at: string): string {
  const since = new Date(at);
  since.setUTCMonth(since.getUTCMonth() - 3);
  return since.toISOString();
}

export const nfc = (value: string): string => value.normalize('NFC');

/**
 * The package itself, before its list: how it differs from the model, and which of its policies give access by a rule of
 * their own. Of a package that no record of ours has, also its id.
 */
async function packageOf(
  { graph, model, packages }: ReadScopeServices,
  { packageKey, packageId }: ScopeRow,
): Promise<Pick<ScopeRow, 'packageId' | 'automatic' | 'drift'>> {
  if (packageKey === undefined) return { automatic: [], drift: [] };
  const definition = packageDefinition(model().model, packageKey);
  if (!definition) {
    const policies = packageId === undefined ? [] : await graph.listAssignmentPolicies(packageId);
    return { packageId, automatic: automaticOf(policies), drift: [] };
  }
  const records = await openRecords(packages.memory(definition.catalog.key, packageKey));
  const target = { ...definition, catalogs: model().model.catalogs };
  const { snapshot, items } = await comparePackage(graph, target, records, true);
  const [found, ...others] = snapshot.packages;
  // Which of them people hold, nobody can tell.
  if (packageId === undefined && (others.length > 0 || snapshot.catalogs.length > 1))
    throw new GraphError('readScope', { code: 'ambiguous-package', ambiguous: false });
  return {
    packageId: packageId ?? found?.id,
    automatic: automaticOf(snapshot.policies),
    drift: driftOf(items, records.package()),
  };
}

const automaticOf = (policies: readonly { id: string; automatic: boolean }[]): string[] =>
  policies.filter(({ automatic }) => automatic).map(({ id }) => id);

/** Whether a list that was read to its end can be true. */
async function endOf(
  { staging, config }: ReadScopeServices,
  { generation, options }: ReconcileRun,
  scope: ScopeRow,
): Promise<Partial<ScopeRow>> {
  const { kind, packageKey = '', holders } = scope;
  // There may be fewer from one day to the next.
  if (kind !== 'directory' && kind !== 'package') return { state: 'complete', cursor: undefined };
  const last = await staging.kept(LastComplete, LAST_COMPLETE, keptKeyOf(scope));
  const people = await staging.group(PeopleBatch, generation, 'people');
  const counts = [...people.values()].map((batch) =>
    new Map(Object.entries(batch.counts)).get(packageKey),
  );
  const sum = (member: keyof PackageCounts): number =>
    counts.reduce((total, count) => total + (count?.[member] ?? 0), 0);
  const { state, why } = scopeOf({
    ...{ packageKey, holders, holdersBefore: last?.holders },
    ...{ recorded: sum('recorded'), removedByUs: sum('removed') },
    shrinkPercent: config.reconcile.shrinkPercent,
    // Nobody has said anything about the directory.
    isAccepted: kind === 'package' && options.acceptLists,
  });
  return { state, why, cursor: undefined };
}
