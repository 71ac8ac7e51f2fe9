import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Difference } from '../domain/reconcile/findings';
import { addCounts, countRepairs, RepairCounts } from '../domain/reconcile/reconcile-brakes';
import { mapConcurrent } from '../promises';
import { groupBy } from '../group-by';
import { allShards, foundIn, type Staging } from '../storage/staging';

const AT_ONCE = 8;

/** What differs for one account. `workerId`: absent where no known person has it. */
const Found = z.object({
  batch: z.string(),
  workerId: z.string().optional(),
  differences: z.array(Difference),
});
type FoundOne = Omit<z.infer<typeof Found>, 'batch'>;
/** `of`: the shard of the person, or of the account where no known person has it. */
export type FoundOf = FoundOne & { of: string };

const Skipped = z.object({
  runOpen: z.number().int(),
  recentFact: z.number().int(),
  excluded: z.number().int(),
});
export type Skipped = z.infer<typeof Skipped>;

/** What was found in one shard of accounts. Only the rows of `batch` count: another execution may have left some. */
export const ShardRow = z.object({
  batch: z.string(),
  /** The shards of the people of whom something was found. */
  foundIn: z.array(z.string()),
  repairs: RepairCounts,
  skipped: Skipped,
  /** Of the access model that it was compared by. */
  modelHash: z.string(),
});

/**
 * Keeps what was found in a shard of accounts. The row of the shard comes last: without it, nothing of it counts. What differs
 * for a person is kept in the shard of the person: so whoever reads it has all their accounts before them.
 */
export async function keepFound(
  staging: Staging,
  { generation, shard }: { generation: number; shard: string },
  found: readonly FoundOf[],
  rest: Pick<z.infer<typeof ShardRow>, 'skipped' | 'modelHash'>,
): Promise<void> {
  const batch = randomUUID();
  await mapConcurrent(AT_ONCE, [...found.entries()], ([index, { of, ...one }]) =>
    staging.put(generation, foundIn(of), `${batch}-${index}`, { batch, ...one }),
  );
  const repairs = found
    .map(({ differences }) => countRepairs(differences))
    .reduce<RepairCounts>(addCounts, {});
  const row = { batch, foundIn: [...new Set(found.map(({ of }) => of))], repairs, ...rest };
  await staging.put(generation, 'shards', shard, row);
}

export type FoundIn = { shard: string; found: FoundOne[] };

/** What was found of the people and accounts of the shards from `from` on, as if no brake were there. */
export async function* differencesIn(
  staging: Staging,
  generation: number,
  from = '',
): AsyncGenerator<FoundIn> {
  const rows = [...(await staging.group(ShardRow, generation, 'shards')).values()];
  const batches = new Set(rows.map(({ batch }) => batch));
  const shards = new Set(rows.flatMap((row) => row.foundIn));
  for (const shard of allShards) {
    if (!shards.has(shard) || shard < from) continue;
    const found = await staging.group(Found, generation, foundIn(shard));
    yield { shard, found: [...found.values()].filter(({ batch }) => batches.has(batch)) };
  }
}

/** What was found of each known person, account by account. */
export const byPerson = (found: readonly FoundOne[]): Map<string, Difference[][]> =>
  new Map(
    [...groupBy(found, ({ workerId }) => workerId)].flatMap(([workerId, accounts]) =>
      workerId === undefined ? [] : [[workerId, accounts.map(({ differences }) => differences)]],
    ),
  );
