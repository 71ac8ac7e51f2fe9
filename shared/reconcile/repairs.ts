import { z } from 'zod';
import type { Permit } from '../domain/lifecycle/gate';
import { nextOf, permitOf, type Difference } from '../domain/reconcile/findings';
import {
  addCounts,
  holdBack,
  ReconcileBrake,
  trippedBrakes,
  type RepairCounts,
} from '../domain/reconcile/reconcile-brakes';
import { evaluateHeadroom, headroomOf } from '../domain/reconcile/scope';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import type { Config } from '../config/config';
import type { LoadedModel } from '../config/load-model';
import { requestRecheck } from '../events/recheck';
import type { Log } from '../log';
import { runs, type Claims } from '../storage/claims';
import type { RemovalBrakes } from '../storage/removals';
import type { Staging } from '../storage/staging';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { DECIDED_WITHIN_MS } from './begin';
import { byPerson, differencesIn, ShardRow, type FoundIn } from './found';
import { noteGivenBack } from './given-back';

export type BrakeServices = {
  config: Pick<Config, 'reconcile'>;
  model: () => LoadedModel;
  staging: Staging;
};

/** What was decided on the whole plan of a run. */
const PlanRow = z.object({
  ...{ run: z.string(), eventHash: z.string(), at: z.string() },
  ...{ modelHash: z.string(), isDryRun: z.boolean() },
  brakes: z.array(ReconcileBrake),
});
const PLAN = 'plan';

/**
 * Holds the repairs of a run back where they are too many, before the first of them is asked for. Logs each brake. A plan of
 * two access models fails: the rules have changed while the run compared.
 */
export async function applyBrakes(
  { config, model, staging }: BrakeServices,
  { id, eventHash, generation, at, options }: ReconcileRun,
  log: Log,
): Promise<Outcome<{ tripped: number }>> {
  const shards = await staging.group(ShardRow, generation, 'shards');
  if ([...shards.values()].some(({ modelHash }) => modelHash !== model().hash))
    return { kind: 'failed', why: 'model-changed' };
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
  const isDryRun = options.dryRun === true;
  const plan = { run: id, eventHash, at, modelHash: model().hash, isDryRun, brakes };
  await staging.put(generation, PLAN, PLAN, plan);
  for (const { what, used, limit } of evaluateHeadroom(headroomOf(scopes, entra, options)).short)
    log({ what: 'reconcile-headroom', of: what, count: used, limit });
  for (const { id: brake, count, limit } of brakes)
    log({ what: 'reconcile-brake', brake, count, limit });
  return { kind: 'done', tripped: brakes.length };
}

/** The brakes that tripped; undefined while none were asked, or where the run ended before that. */
export const brakesOfRun = async (
  staging: Staging,
  generation: number,
): Promise<ReconcileBrake[] | undefined> =>
  (await staging.get(PlanRow, generation, PLAN, PLAN))?.brakes;

/** The same after the brakes. Before they were asked, nothing is repaired. */
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
        differences: brakes ? holdBack(differences, brakes) : withoutRepairs(differences),
      })),
    };
}

const withoutRepairs = (differences: readonly Difference[]): Difference[] =>
  differences.map((one) => {
    if (one.remedy !== 'repair') return one;
    const remedy = 'none';
    return { ...one, remedy, next: nextOf(one.kind, { remedy, detail: 'it ended too early' }) };
  });

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
 * Asks for a recheck of each person with something to repair, with a permit of exactly that, whatever account it is in. The
 * same person is asked for once however often this is executed: the id of the recheck is made of the run and the person.
 */
export async function sendRechecks(
  services: SendServices,
  run: ReconcileRun,
  from: string | undefined,
): Promise<Outcome<{ next?: string | undefined }>> {
  const { staging } = services;
  if (run.options.dryRun) return { kind: 'done' };
  const all = foundFrom(staging, run.generation, from);
  const ask = { by: 'reconcile', reason: run.id, permit: { run: run.id }, at: run.at };
  return sendFor(services, run, from, all, { ...ask, pairsOf: permitOf });
}

/** What a recheck says beside the person and the pairs of its permit. `at`: of the plan that they are of (ISO 8601). */
type Ask = {
  by: string;
  reason: string;
  permit: Omit<Permit, 'pairs'>;
  at: string;
  pairsOf: (differences: readonly Difference[]) => Pair[];
};

async function sendFor(
  services: SendServices,
  run: ReconcileRun,
  from: string | undefined,
  all: AsyncIterable<FoundIn>,
  { pairsOf, permit, at, ...who }: Ask,
): Promise<Outcome<{ next?: string | undefined }>> {
  const { staging, claims } = services;
  const until = Date.now() + MOST_MS;
  for await (const { shard, found } of all) {
    if (shard !== from && Date.now() > until) return { kind: 'done', next: shard };
    // Another execution may have taken over, or ended this one.
    const claim = await claims.read(run.eventHash);
    if (claim?.state !== 'started' || !runs(claim, run))
      return { kind: 'rejected', reason: 'stale' };
    for (const [workerId, accounts] of byPerson(found)) {
      const pairs = new Map<string, Pair>();
      for (const differences of accounts) {
        const own = pairsOf(differences);
        await noteGivenBack(staging, differences, own, { run: run.id, at: run.at });
        for (const pair of own) pairs.set(keyOf(pair), pair);
      }
      if (pairs.size === 0) continue;
      const ask = { workerId, ...who, permit: { ...permit, pairs: [...pairs.values()] } };
      // No run could do anything for whoever has come to be joined to too many worker ids: the next run of this names them.
      await requestRecheck(services, services.send, ask, new Date(at)).catch(unlessTooMany);
    }
  }
  return { kind: 'done' };
}

const unlessTooMany = (error: unknown): void => {
  if (!(error instanceof TooManyNumbers)) throw error;
};

/** What the last run that began has planned, unless it was a dry run; and whether it is too old to be decided about. */
export async function lastPlan(staging: Pick<Staging, 'get'>, generation: number, now: number) {
  const plan = await staging.get(PlanRow, generation, PLAN, PLAN);
  return plan && !plan.isDryRun
    ? { ...plan, isOld: now - Date.parse(plan.at) > DECIDED_WITHIN_MS }
    : undefined;
}

/**
 * Carries out what a person has decided about a brake of the last run, from the shard `from` on. A release asks for the
 * rechecks that the brake held, each once however often this is executed. Rejected: `unknown-brake` where another run has
 * begun since, and `outdated` where the plan is older than a day or of another access model.
 */
export async function decideBrake(
  services: SendServices & Pick<BrakeServices, 'model'>,
  run: ReconcileRun,
  from: string | undefined,
): Promise<Outcome<{ next?: string | undefined }>> {
  const { staging, model } = services;
  const { decision, generation } = { ...run.options, ...run };
  const plan = await lastPlan(staging, generation, Date.parse(run.at));
  const index = plan?.brakes.findIndex(({ id }) => id === decision?.brake) ?? -1;
  const brake = plan?.brakes[index];
  if (!plan || !brake || !decision) return { kind: 'rejected', reason: 'unknown-brake' };
  if (plan.isOld || plan.modelHash !== model().hash)
    return { kind: 'rejected', reason: 'outdated' };
  const { state, by, reason } = decision;
  const brakes = plan.brakes.with(index, { ...brake, state });
  await staging.put(generation, PLAN, PLAN, { ...plan, brakes });
  if (state === 'discarded') return { kind: 'done' };
  const before = plan.brakes.with(index, { ...brake, state: 'held' });
  const pairsOf = (differences: readonly Difference[]): Pair[] => {
    const held = permitOf(holdBack(differences, before)).map(keyOf);
    return permitOf(holdBack(differences, brakes)).filter((pair) => !held.includes(keyOf(pair)));
  };
  // The person may have had a recheck of the run for what no brake held: that of the decision is another one.
  const permit = { run: run.id, released: { brake: brake.id, by, reason } };
  const all = differencesIn(staging, generation, from);
  return sendFor(services, run, from, all, { by, reason, permit, at: plan.at, pairsOf });
}

/** Everybody who waits under a brake, with what it holds of all their accounts. */
export async function waitingUnder(
  staging: Staging,
  generation: number,
  brake: ReconcileBrake,
): Promise<{ workerId: string; held: Difference[] }[]> {
  const people: { workerId: string; held: Difference[] }[] = [];
  for await (const { found } of differencesIn(staging, generation)) {
    for (const [workerId, accounts] of byPerson(found)) {
      const held = accounts
        .flatMap((differences) => holdBack(differences, [{ ...brake, state: 'held' }]))
        .filter(({ remedy }) => remedy === 'held');
      if (held.length > 0) people.push({ workerId, held });
    }
  }
  return people;
}

type Pair = ReturnType<typeof permitOf>[number];
const keyOf = ({ packageKey, action }: Pair): string => `${action} ${packageKey}`;
