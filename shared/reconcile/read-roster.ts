import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Fact, type StoredFact } from '../domain/lifecycle/facts';
import { rosterStateOf, RosterScope } from '../domain/reconcile/scope';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import type { Config } from '../config/config';
import { BlobRefused } from '../blobs';
import { traceOf, type Log } from '../log';
import { mapConcurrent } from '../promises';
import { readRosterRows, RosterMap, type RosterFault } from '../roster/rows';
import { newsOf, runEnded, snapshotsOf, wakeNext, type NewsServices } from '../roster/snapshots';
import { keepFact } from '../domain/lifecycle/fact-of';
import { allShards, shardOf, type Staging } from '../storage/staging';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { LAST_COMPLETE, LastComplete, nfc } from './read-scope';

export type RosterServices = NewsServices & {
  config: { reconcile: Pick<Config['reconcile'], 'roster' | 'rosterShrinkPercent'> };
  workers: Pick<Workers, 'person' | 'addFact'>;
  staging: Staging;
  /** The bytes of the roster and of its map. Throws if they cannot be read. */
  loadRoster: () => Promise<{ bytes: Buffer; map: Buffer; changedAt: Date }>;
};

/**
 * How far the roster was read: what counts of it is in `batch`, in these shards. `asOf`: of which instant it is. `tries`: how
 * often it could not be read so far; absent once it is no longer waited for.
 */
const RosterRow = RosterScope.omit({ facts: true, changes: true }).extend({
  ...{ source: z.string(), asOf: z.string(), batch: z.string() },
  shards: z.array(z.string()),
  tries: z.number().int().optional(),
});
type RosterRow = z.infer<typeof RosterRow>;
/**
 * One range of shards: the facts that it made, or would have made in a dry run, and where the workers are staged of whom
 * nothing was known, and those whom a dry run would change.
 */
const RosterPart = z.object({
  facts: z.number().int(),
  batch: z.string(),
  unmet: z.array(z.string()),
  changed: z.array(z.string()).default([]),
});

const ROSTER = 'roster';
const PARTS = 'roster-parts';
export const UNMET = 'unmet';
export const Unmet = z.object({ workerId: z.string() });
const CHANGED = 'changed';

const MOST_MS = 20_000;
const AT_ONCE = 8;
const MOST_LOGGED = 20;

/** The roster as a run has read it; undefined where it reads none. */
export const rosterOf = (
  staging: Pick<Staging, 'get'>,
  generation: number,
): Promise<RosterRow | undefined> => staging.get(RosterRow, generation, ROSTER, ROSTER);

/** Where the workers of the roster are staged of whom nothing was known: the batches that count, by shard. */
export async function unmetBatches(
  staging: Pick<Staging, 'group'>,
  generation: number,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const parts = await staging.group(RosterPart, generation, PARTS);
  const batches = new Map<string, Set<string>>();
  for (const { batch, unmet } of parts.values())
    for (const shard of unmet) batches.set(shard, (batches.get(shard) ?? new Set()).add(batch));
  return batches;
}

/** What a report says of the roster. */
export async function rosterScope(
  staging: Pick<Staging, 'get' | 'group' | 'staged'>,
  generation: number,
): Promise<RosterScope | undefined> {
  const row = await rosterOf(staging, generation);
  if (!row) return undefined;
  const parts = [...(await staging.group(RosterPart, generation, PARTS)).values()];
  const facts = parts.reduce((sum, part) => sum + part.facts, 0);
  const changes: string[] = [];
  for (const { batch, changed } of parts)
    for (const shard of changed)
      for (const { workerId } of await staging.staged(
        ...([generation, shard, CHANGED, Unmet, new Set([batch])] as const),
      ))
        changes.push(workerId);
  changes.sort();
  const { state, workers, why } = row;
  return { state, workers, facts, ...(why && { why }), ...(changes.length > 0 && { changes }) };
}

/** Why a run waits for its roster; undefined while it does not. */
export async function rosterAwaited(
  staging: Pick<Staging, 'get'>,
  generation: number,
): Promise<string | undefined> {
  const row = await rosterOf(staging, generation);
  return row?.tries === undefined ? undefined : row.why;
}

/** How many workers the roster had when it was last read whole, for the next run. */
export async function keepRoster(staging: Staging, { generation, at }: ReconcileRun) {
  const row = await rosterOf(staging, generation);
  if (row?.state === 'complete')
    await staging.keep(LAST_COMPLETE, ROSTER, { holders: row.workers, at });
}

/**
 * Reads the roster, and then, from the shard `from` on, takes what it says: a snapshot that changes what is true of a person
 * at any time becomes a fact, once, and their next wake-up is planned. A dry run makes none, and names whose it would make. A
 * roster that is not there, has faults or is much shorter than the last is `incomplete`, and nothing of it counts. `giveUp`: why
 * it is left unread.
 */
export async function readRoster(
  services: RosterServices,
  input: { run: ReconcileRun; from?: string | undefined; giveUp?: string | undefined },
  log: Log,
): Promise<Outcome<{ next?: string | undefined }>> {
  const { run, from, giveUp } = input;
  const { staging, config } = services;
  const { generation, options } = run;
  // Who holds one package has nothing to do with it.
  if (!config.reconcile.roster || options.packageKey !== undefined) return { kind: 'done' };
  if (giveUp !== undefined || from === undefined) {
    const row =
      giveUp === undefined
        ? await stageRoster(services, run, log)
        : await leftRow(services, run, giveUp);
    await staging.put(generation, ROSTER, ROSTER, row);
    if (row.tries !== undefined)
      return { kind: 'later', afterSeconds: 5, why: 'roster-unreadable' };
    if (row.state !== 'complete') log({ what: 'reconcile-roster', why: row.why });
    return { kind: 'done', ...(row.state === 'complete' && { next: allShards[0] }) };
  }
  const row = await rosterOf(staging, generation);
  if (row?.state !== 'complete') return { kind: 'done' };
  return takeIn(services, run, { row, from, log });
}

/** What was taken until then stays. */
async function leftRow(
  { staging, config }: RosterServices,
  { generation }: ReconcileRun,
  why: string,
): Promise<RosterRow> {
  const { source = '' } = config.reconcile.roster ?? {};
  const row = (await rosterOf(staging, generation)) ?? { ...NOTHING, source };
  const known = row.tries === undefined ? undefined : row.why;
  return { ...row, state: 'incomplete', why: known ?? why, tries: undefined };
}

const NOTHING = { state: 'incomplete' as const, workers: 0, asOf: '', batch: '', shards: [] };

async function stageRoster(
  services: RosterServices,
  run: ReconcileRun,
  log: Log,
): Promise<RosterRow> {
  const { staging, config, model } = services;
  const { place, source, asOf } = config.reconcile.roster ?? { place: '', source: '' };
  const incomplete = (why: string, faults: readonly RosterFault[] = [], map = {}): RosterRow => {
    for (const { line, column = '', rule } of faults.slice(0, MOST_LOGGED))
      // Without a header, what stands there is no name of a column: it is what the first row says of somebody.
      log({ what: 'roster-fault', line, ...(Object.hasOwn(map, column) && { column }), rule });
    return { ...NOTHING, source, why };
  };
  const files = await services.loadRoster().catch((error: unknown) => unreadBecause(error, log));
  if ('why' in files) {
    const tries = ((await rosterOf(staging, run.generation))?.tries ?? 0) + 1;
    return { ...incomplete(files.why), ...(tries < files.mostTries && { tries }) };
  }
  const map = mapOf(files.map);
  if (!map) return incomplete('faulty-map');
  const time = asOf ?? (isNaN(files.changedAt.getTime()) ? run.at : files.changedAt.toISOString());
  // What HR states until then would count as older.
  if (Date.parse(time) > Date.now()) return incomplete('as-of-in-the-future');
  const { pathname } = new URL(place, 'file:///');
  const rows = readRosterRows(files.bytes, /\.json$/i.test(pathname) ? 'json' : 'csv', map);
  const { workers, faults } = snapshotsOf(rows, map, { source, asOf: time });
  if (faults.length > 0) return incomplete('faulty-rows', faults, map);
  const last = await staging.kept(LastComplete, LAST_COMPLETE, ROSTER);
  const { rosterShrinkPercent: shrinkPercent } = config.reconcile;
  const state = rosterStateOf({ workers: workers.length, before: last?.holders, shrinkPercent });
  const batch = randomUUID();
  if (state.state !== 'complete') return { ...NOTHING, ...state, source };
  const items = workers.map(
    ({ fact }) => [shardOf(nfc(fact.workerId)), keepFact(model().model, fact)] as const,
  );
  await staging.stage(run.generation, ROSTER, batch, items);
  return { ...state, source, asOf: time, batch, shards: shardsOf(items).sort() };
}

/** A file that is not there does not come by waiting. A blob may: who writes it again may have deleted it first. */
function unreadBecause(error: unknown, log: Log): { why: string; mostTries: number } {
  const { code } = error as NodeJS.ErrnoException;
  const status = error instanceof BlobRefused ? error.status : undefined;
  log({ what: 'roster-unreadable', code, status, ...traceOf(error) });
  if (code === 'ENOENT') return { why: 'roster-missing', mostTries: 1 };
  if (status === 404) return { why: 'roster-missing', mostTries: 3 };
  return { why: 'roster-unreadable', mostTries: Infinity };
}

function mapOf(bytes: Buffer): RosterMap | undefined {
  try {
    return RosterMap.safeParse(JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''))).data;
  } catch {
    return undefined;
  }
}

/** What the roster says of each worker of one shard. */
export const snapshotsIn = async (
  staging: Pick<Staging, 'staged'>,
  generation: number,
  shard: string,
  { batch, shards }: Pick<RosterRow, 'batch' | 'shards'>,
): Promise<Fact[]> =>
  shards.includes(shard) ? staging.staged(generation, shard, ROSTER, Fact, new Set([batch])) : [];

async function takeIn(
  services: RosterServices,
  run: ReconcileRun,
  { row, from, log }: { row: RosterRow; from: string; log: Log },
): Promise<Outcome<{ next?: string | undefined }>> {
  const { staging } = services;
  const { generation, options } = run;
  const until = Date.now() + MOST_MS;
  const unmet: [shard: string, item: z.infer<typeof Unmet>][] = [];
  const changed: typeof unmet = [];
  let facts = 0;
  let next: string | undefined;
  for (const shard of row.shards.filter((one) => one >= from)) {
    next = shard;
    if (shard !== from && Date.now() > until) break;
    next = undefined;
    const stated = await snapshotsIn(staging, generation, shard, row);
    const own = stated.filter(({ workerId }) => (options.workerId ?? workerId) === workerId);
    await mapConcurrent(AT_ONCE, own, async (fact) => {
      const taken = await takeOne(services, run, row, fact, log);
      const item = [shard, { workerId: fact.workerId }] as (typeof unmet)[number];
      if (taken?.isFact) facts += 1;
      if (taken?.isFact && options.dryRun) changed.push(item);
      if (taken?.isUnmet) unmet.push(item);
    });
  }
  const batch = randomUUID();
  await staging.stage(generation, UNMET, batch, unmet);
  await staging.stage(generation, CHANGED, batch, changed);
  const part = { batch, facts, unmet: shardsOf(unmet), changed: shardsOf(changed) };
  await staging.put(generation, PARTS, from, part);
  return { kind: 'done', ...(next !== undefined && { next }) };
}

const shardsOf = (items: readonly (readonly [shard: string, item: object])[]): string[] => [
  ...new Set(items.map(([shard]) => shard)),
];

/** Undefined where the worker is left to another run. */
async function takeOne(
  services: RosterServices,
  run: ReconcileRun,
  row: RosterRow,
  stated: Fact,
  log: Log,
): Promise<{ isFact: boolean; isUnmet: boolean } | undefined> {
  const { workers, workerLocks, staging, model } = services;
  const { workerId, hash } = stated;
  const person = await workers.person(workerId).catch((error: unknown) => {
    if (!(error instanceof TooManyNumbers)) throw error;
  });
  if (!person) return undefined;
  const { root, facts } = person;
  const others = new Set([root, ...facts.map((fact) => fact.workerId)]);
  others.delete(workerId);
  // A snapshot replaces what its source stated of all numbers of a person, so two of one person cannot both hold.
  for (const other of others) {
    const staged = await snapshotsIn(staging, run.generation, shardOf(nfc(other)), row);
    if (!staged.some((one) => one.workerId === other)) continue;
    log({ what: 'roster-two-numbers', eventHash: hash });
    return undefined;
  }
  const isOwn = (fact: StoredFact): boolean => fact.hash === hash && fact.acceptedAt === run.at;
  const { fact, timeline } = newsOf(model().model, facts, stated, run.at);
  const lasting = timeline.spans.some(({ until }) => (until ?? Infinity) > Date.parse(run.at));
  const isUnmet = facts.every(isOwn) && lasting;
  // An execution before this one may have come no further than the fact.
  const isStored = facts.some(isOwn);
  if (!fact && !isStored) return { isFact: false, isUnmet };
  // The run that is under way has the latest word; the next run of the reconciliation asks again.
  if (fact && (await workerLocks.holderOf(root)) !== undefined) return undefined;
  if (run.options.dryRun) return { isFact: true, isUnmet };
  if (fact) await workers.addFact(fact);
  await runEnded(services, root);
  await wakeNext(services, { workerId, personId: root });
  return { isFact: true, isUnmet };
}
