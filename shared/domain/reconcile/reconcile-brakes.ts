import { z } from 'zod';
import { nextOf, type Difference } from './findings';

/** Grants, extensions and reprocessing give access; revokes take it. */
export const BrakeAction = z.enum(['grant', 'removal']);
export type BrakeAction = z.infer<typeof BrakeAction>;

/** A brake of one run that tripped. `limit`: the greatest count that would have passed. */
export const ReconcileBrake = z.strictObject({
  id: z.string(),
  scope: z.enum(['run', 'package']),
  packageKey: z.string().optional(),
  action: BrakeAction,
  count: z.number().int().nonnegative(),
  limit: z.number().int().nonnegative(),
  state: z.enum(['held', 'released', 'discarded']),
});
export type ReconcileBrake = z.infer<typeof ReconcileBrake>;

const PREFIX = 'reconcile-';

/** Whether the id of a brake is of a run of the reconciliation, and not of the lifecycle. */
export const isReconcileBrake = (id: string): boolean => id.startsWith(PREFIX);

/** The repairs of a plan, by package. They add up over shards with `addCounts`. */
export const RepairCounts = z.record(
  z.string(),
  z.object({ grant: z.number().int(), removal: z.number().int() }),
);
export type RepairCounts = z.infer<typeof RepairCounts>;

const NONE = { grant: 0, removal: 0 };

export const countRepairs = (differences: readonly Difference[]): RepairCounts =>
  differences.reduce<RepairCounts>((counts, { packageKey, remedy, action }) => {
    if (remedy !== 'repair' || packageKey === undefined || action === undefined) return counts;
    return addCounts(counts, { [packageKey]: { ...NONE, [brakeActionOf(action)]: 1 } });
  }, {});

export function addCounts(one: RepairCounts, other: RepairCounts): RepairCounts {
  // A package may be called `constructor`, which every object has a member of.
  const sum = new Map(Object.entries(one));
  for (const [key, { grant, removal }] of Object.entries(other)) {
    const before = sum.get(key) ?? NONE;
    sum.set(key, { grant: before.grant + grant, removal: before.removal + removal });
  }
  return Object.fromEntries(sum);
}

/** A percentage is of the people who hold the package, or of all assignments that were read, and holds from `floor` on. */
export type BrakeLimits = Record<BrakeAction, { limit: number; percent?: number | undefined }> & {
  floor: number;
};

/**
 * The brakes that trip on a whole plan, before anything of it is asked for. Where the brake of the run trips it holds all
 * grants or all removals, and no brake of a single package is asked: one decision is enough.
 */
export function trippedBrakes(
  counts: RepairCounts,
  {
    run,
    holders,
    limits,
  }: { run: string; holders: ReadonlyMap<string, number>; limits: BrakeLimits },
): ReconcileBrake[] {
  const all = [...holders.values()].reduce((sum, one) => sum + one, 0);
  return BrakeAction.options.flatMap((action): ReconcileBrake[] => {
    const brake = { action, state: 'held' } as const;
    const total = Object.values(counts).reduce((sum, one) => sum + one[action], 0);
    const id = `${PREFIX}${action}-${run}`;
    const limit = limitOf(total, all, limits[action], limits.floor);
    if (total > limit) return [{ id, scope: 'run', ...brake, count: total, limit }];
    return Object.entries(counts).flatMap(([packageKey, { [action]: count }]) => {
      const own = limitOf(count, holders.get(packageKey) ?? 0, limits[action], limits.floor);
      return count > own
        ? [{ id: `${id}-${packageKey}`, scope: 'package', packageKey, ...brake, count, limit: own }]
        : [];
    });
  });
}

function limitOf(
  count: number,
  holders: number,
  { limit, percent }: BrakeLimits[BrakeAction],
  floor: number,
): number {
  if (percent === undefined || count < floor) return limit;
  return Math.min(limit, Math.floor((holders * percent) / 100));
}

/**
 * The differences of one person after the brakes: what they hold, and what comes only after that. What was discarded is not
 * carried out either, so a grant behind it stays held.
 */
export function holdBack(
  differences: readonly Difference[],
  brakes: readonly ReconcileBrake[],
): Difference[] {
  const brakeOf = ({ packageKey, remedy, action }: Difference): string | undefined =>
    remedy === 'repair'
      ? brakes.find(
          (brake) =>
            brake.state !== 'released' &&
            brake.action === brakeActionOf(action) &&
            (brake.packageKey ?? packageKey) === packageKey,
        )?.id
      : undefined;
  const held = new Map(differences.map((one) => [one.packageKey, brakeOf(one)]));
  return differences.map((one) => {
    if (one.remedy !== 'repair') return one;
    const ids = [one.packageKey, ...(one.after ?? [])].map((key) => held.get(key));
    const id = ids.find((each) => each !== undefined);
    if (id === undefined) return one;
    return { ...one, remedy: 'held', next: nextOf(one.kind, { remedy: 'held', detail: id }) };
  });
}

const brakeActionOf = (action: Difference['action']): BrakeAction =>
  action === 'revoke' ? 'removal' : 'grant';
