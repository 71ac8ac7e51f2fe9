import { z } from 'zod';
import { permitOf, type Difference } from '../domain/reconcile/findings';
import {
  addCounts,
  holdBack,
  ReconcileBrake,
  trippedBrakes,
  type RepairCounts,
} from '../domain/reconcile/reconcile-brakes';
import { evaluateHeadroom, headroomOf } from '../domain/reconcile/headroom';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import type { Config } from '../config/config';
import type { LoadedModel } from '../config/load-model';
import { requestRecheck } from '../events/recheck';
import type { Log } from '../log';
import { runs, type Claims } from '../storage/claims';
import type { RemovalBrakes } from '../storage/removals';
import { allShards, foundIn, type Staging } from '../storage/staging';
import type { Workers } from '../storage/workers';
import { Found, GIVEN_BACK, givenBackKey, ShardRow } from './compare-shards';

export type BrakeServices = {
  config: Pick<Config, 'reconcile'>;
  model: () => LoadedModel;
  staging: Staging;
};

/** What was decided on the whole plan of a run. */
const PlanRow = z.object({
  ...{ run: z.string(), at: z.string(), modelHash: z.string(), isDryRun: z.boolean() },
  brakes: z.array(ReconcileBrake),
});
const PLAN = 'plan';

/** Holds the repairs of a run back where they are too many, before the first of them is asked for. Logs each brake. */
export async function applyBrakes(
  { config, model, staging }: BrakeServices,
  { id, generation, at, options }: ReconcileRun,
  log: Log,
): Promise<Outcome<{ tripped: number }>> {
  const shards = await staging.group(ShardRow, generation, 'shards');
  const counts = [...shards.values()].reduce<RepairCounts>(
    (sum, { repairs }) => addCounts(sum, repairs),
    {},
  );
  const scopes = await staging.scopes(generation);
  const holders = new Map(
    scopes.flatMap(({ packageKey, holders }) =>
      packageKey === undefined ? [] : [[packageKey, holders]],
    ),
  );
  const { grantLimit, grantPercent, removalLimit, floor, limits: entra } = config.reconcile;
  const grant = { limit: grantLimit, percent: grantPercent };
  const limits = { grant, removal: { limit: removalLimit }, floor };
  const brakes = trippedBrakes(counts, { run: id, holders, limits });
  const plan = { run: id, at, modelHash: model().hash, isDryRun: options.dryRun === true, brakes };
  await staging.put(generation, PLAN, PLAN, plan);
  for (const { what, used, limit } of evaluateHeadroom(headroomOf(scopes, entra)).short)
    log({ what: 'reconcile-headroom', of: what, count: used, limit });
  for (const { id: brake, count, limit } of brakes)
    log({ what: 'reconcile-brake', brake, count, limit });
  return { kind: 'done', tripped: brakes.length };
}

export const brakesOfRun = async (
  staging: Staging,
  generation: number,
): Promise<ReconcileBrake[]> => (await staging.get(PlanRow, generation, PLAN, PLAN))?.brakes ?? [];

type FoundIn = { shard: string; found: Pick<Found, 'workerId' | 'differences'>[] };

/** What was found in the shards from `from` on, as if no brake were there. */
async function* differencesIn(
  staging: Staging,
  generation: number,
  from = '',
): AsyncGenerator<FoundIn> {
  const shards = await staging.group(ShardRow, generation, 'shards');
  for (const shard of allShards) {
    const row = shards.get(shard);
    if (row === undefined || row.found === 0 || shard < from) continue;
    const rows = await staging.group(Found, generation, foundIn(shard));
    yield { shard, found: [...rows.values()].filter(({ batch }) => batch === row.batch) };
  }
}

/** The same after the brakes. */
export async function* foundFrom(
  staging: Staging,
  generation: number,
  from?: string,
): AsyncGenerator<FoundIn> {
  const brakes = await brakesOfRun(staging, generation);
  for await (const { shard, found } of differencesIn(staging, generation, from))
    yield {
      shard,
      found: found.map(({ workerId, differences }) => ({
        workerId,
        differences: holdBack(differences, brakes),
      })),
    };
}

export type SendServices = {
  claims: Pick<Claims, 'read'>;
  workers: Workers;
  brakes: RemovalBrakes;
  staging: Staging;
  /** Sends a message to the queue of events. */
  send: (body: Uint8Array) => Promise<void>;
};

const MOST_MS = 20_000;

/**
 * Asks for a recheck of each person with something to repair, with a permit of exactly that. The same person is asked for
 * once however often this is executed: the id of the recheck is made of the run and the person.
 */
export async function sendRechecks(
  services: SendServices,
  run: ReconcileRun,
  from: string | undefined,
): Promise<Outcome<{ next?: string | undefined }>> {
  const { staging, claims } = services;
  if (run.options.dryRun) return { kind: 'done' };
  const until = Date.now() + MOST_MS;
  for await (const { shard, found } of foundFrom(staging, run.generation, from)) {
    if (shard !== from && Date.now() > until) return { kind: 'done', next: shard };
    // Another execution may have taken over, or ended this one.
    const claim = await claims.read(run.eventHash);
    if (claim?.state !== 'started' || !runs(claim, run))
      return { kind: 'rejected', reason: 'stale' };
    for (const { workerId, differences } of found) {
      const pairs = permitOf(differences);
      if (workerId === undefined || pairs.length === 0) continue;
      await noteGivenBack(staging, differences, pairs, { run: run.id, at: run.at });
      const permit = { run: run.id, pairs };
      const ask = { workerId, by: 'reconcile', reason: run.id, permit };
      await requestRecheck(services, services.send, ask, new Date(run.at));
    }
  }
  return { kind: 'done' };
}

/** A plan is too old to be carried out after so long: another run looks again. */
const LONGEST_MS = 24 * 3_600_000;

export type Decision = { state: 'released' | 'discarded'; by: string; reason: string };
export type Decided =
  | { kind: 'decided'; brake: ReconcileBrake; isNew: boolean; rechecks: number }
  /** No brake of the last run has this id, or it was a dry run. */
  | { kind: 'unknown' }
  /** It is older than a day, or the access model has changed since: run again. */
  | { kind: 'outdated' };

/**
 * Releases or discards what a brake of the last run holds. A release asks for the rechecks that the brake held, each once:
 * where it was interrupted, the same call goes on. `modelHash`: of the access model in force.
 */
export async function decideBrake(
  services: Omit<SendServices, 'claims'>,
  brakeId: string,
  { state, by, reason }: Decision,
  { modelHash, now }: { modelHash: string; now: Date },
): Promise<Decided> {
  const { staging } = services;
  const { generation } = await staging.lease();
  const plan = await staging.get(PlanRow, generation, PLAN, PLAN);
  const index = plan?.brakes.findIndex(({ id }) => id === brakeId) ?? -1;
  const found = plan?.brakes[index];
  if (!plan || !found || plan.isDryRun) return { kind: 'unknown' };
  const isOld = now.getTime() - Date.parse(plan.at) > LONGEST_MS || plan.modelHash !== modelHash;
  if (isOld) return { kind: 'outdated' };
  const isNew = found.state === 'held';
  const brake: ReconcileBrake = isNew ? { ...found, state } : found;
  const brakes = plan.brakes.with(index, brake);
  if (isNew) await staging.put(generation, PLAN, PLAN, { ...plan, brakes });
  if (brake.state !== 'released') return { kind: 'decided', brake, isNew, rechecks: 0 };
  const before = plan.brakes.with(index, { ...brake, state: 'held' });
  let rechecks = 0;
  for await (const { found: all } of differencesIn(staging, generation)) {
    for (const { workerId, differences } of all) {
      const held = permitOf(holdBack(differences, before)).map(keyOf);
      const pairs = permitOf(holdBack(differences, brakes)).filter(
        (pair) => !held.includes(keyOf(pair)),
      );
      if (workerId === undefined || pairs.length === 0) continue;
      await noteGivenBack(staging, differences, pairs, plan);
      // The person may have had a recheck of the run for what no brake held: this is another one.
      const permit = {
        run: `${plan.run}.${index}`,
        pairs,
        released: { brake: brakeId, by, reason },
      };
      const ask = { workerId, by, reason, permit };
      await requestRecheck(services, services.send, ask, new Date(plan.at));
      rechecks += 1;
    }
  }
  return { kind: 'decided', brake, isNew, rechecks };
}

type Pair = ReturnType<typeof permitOf>[number];
const keyOf = ({ packageKey, action }: Pair): string => `${action} ${packageKey}`;

/** What somebody else took is given back once. Noted before it is asked for. */
async function noteGivenBack(
  staging: Staging,
  differences: readonly Difference[],
  pairs: readonly Pair[],
  { run, at }: { run: string; at: string },
): Promise<void> {
  for (const { kind, objectId, packageKey } of differences) {
    if (kind !== 'taken' || !objectId || !packageKey) continue;
    if (pairs.some((pair) => pair.packageKey === packageKey))
      await staging.keep(GIVEN_BACK, givenBackKey(objectId, packageKey), { run, at });
  }
}
