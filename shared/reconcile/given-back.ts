import { z } from 'zod';
import type { Difference } from '../domain/reconcile/findings';
import type { StoredHolding } from '../storage/holdings';
import type { Staging } from '../storage/staging';

/** What runs were about to have given back, by account and package; `at`: when the last of them noted it (ISO 8601). */
const GIVEN_BACK = 'given-back';
const GivenBack = z.object({ run: z.string(), at: z.string() });
const keyOf = (objectId: string, packageKey: string): string => `${objectId}-${packageKey}`;

/**
 * What somebody else took is given back once. Noted before it is asked for, and it counts once a request has followed: so
 * neither a run that ends before it can ask, nor one that ends right after it, makes a difference.
 */
export async function noteGivenBack(
  staging: Pick<Staging, 'keep'>,
  differences: readonly Difference[],
  pairs: readonly { packageKey: string }[],
  { run, at }: { run: string; at: string },
): Promise<void> {
  for (const { kind, objectId, packageKey } of differences) {
    if (kind !== 'taken' || !objectId || !packageKey) continue;
    if (pairs.some((pair) => pair.packageKey === packageKey))
      await staging.keep(GIVEN_BACK, keyOf(objectId, packageKey), { run, at });
  }
}

/** Whether an earlier run has had it given back. */
export async function wasGivenBack(
  staging: Pick<Staging, 'kept'>,
  { targetId, packageKey, updatedAt }: StoredHolding,
): Promise<boolean> {
  const asked = await staging.kept(GivenBack, GIVEN_BACK, keyOf(targetId, packageKey));
  // The run that noted it may have ended before it could ask: then no request has come after the note.
  return asked !== undefined && updatedAt > asked.at;
}
