import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Difference } from '../domain/reconcile/findings';
import { addCounts, countRepairs, RepairCounts } from '../domain/reconcile/reconcile-brakes';
import { mapConcurrent } from '../promises';
import { allShards, foundIn, type Staging } from '../storage/staging';

const AT_ONCE = 8;

/** What differs for one account. `workerId`: absent where no known person has it. */
const Found = z.object({
  batch: z.string(),
  workerId: z.string().optional(),
  differences: z.array(Difference),
});
export type FoundOne = Omit<z.infer<typeof Found>, 'batch'>;

const Skipped = z.object({
  runOpen: z.number().int(),
  recentFact: z.number().int(),
  excluded: z.number().int(),
});
export type Skipped = z.infer<typeof Skipped>;

/** What was found in one shard. Only the rows of `batch` count: another execution may have left some. */
export const ShardRow = z.object({
  batch: z.string(),
  found: z.number().int(),
  repairs: RepairCounts,
  skipped: Skipped,
  /** Of the access model that it was compared by. */
  modelHash: z.string(),
});

/** Keeps what was found in a shard. The row of the shard comes last: without it, nothing of it counts. */
export async function keepFound(
  staging: Staging,
  { generation, shard }: { generation: number; shard: string },
  found: readonly FoundOne[],
  of: Pick<z.infer<typeof ShardRow>, 'skipped' | 'modelHash'>,
): Promise<void> {
  const batch = randomUUID();
  await mapConcurrent(AT_ONCE, [...found.entries()], ([index, one]) =>
    staging.put(generation, foundIn(shard), `${batch}-${index}`, { batch, ...one }),
  );
  const repairs = found
    .map(({ differences }) => countRepairs(differences))
    .reduce<RepairCounts>(addCounts, {});
  const row = { batch, found: found.length, repairs, ...of };
  await staging.put(generation, 'shards', shard, row);
}

export type FoundIn = { shard: string; found: FoundOne[] };

/** What was found in the shards from `from` on, as if no brake were there. */
export async function* differencesIn(
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
