import type { AccessPackage, Catalog } from '../../domain/access-model/access-model';
import type { Outcome } from '../../domain/workflow/outcome';
import type { ExcludedPackage } from '../../graph/operations';
import type { Entitlements } from '../../graph/entitlements';
import { ensurePart, type Part } from './ensure-part';
import { type Ensuring, isOurs } from './ensuring';

/**
 * Nobody may hold this package beside any of its incompatible ones: each of a pair excludes the other. Whichever is
 * ensured second makes both directions, so a package that does not exist yet is left out here; that one of them is ours
 * is reason enough. Our row with this
 * package's id was saved before the other's row is read, so of two at once at least one sees the other.
 */
export async function ensureIncompatible(ensuring: Ensuring, packageId: string): Promise<Outcome> {
  for (const other of ensuring.wanted.incompatible) {
    const record = await ensuring.peer(other.catalog, other.key);
    const { catalogs } = ensuring.wanted;
    const otherId =
      record?.accessPackageId ?? (await findPackageId(ensuring.graph, catalogs, other));
    if (otherId === undefined) continue;
    const mayMake = ensuring.mayMake || (ensuring.options.mode === 'ensure' && isOurs(record));
    const outcome = await ensurePair({ ...ensuring, mayMake }, packageId, otherId, other.key);
    if (outcome.kind !== 'done') return outcome;
  }
  return { kind: 'done' };
}

async function ensurePair(
  ensuring: Ensuring,
  packageId: string,
  otherId: string,
  otherKey: string,
): Promise<Outcome> {
  const there = exclusion(ensuring, packageId, otherId, `incompatible:${otherKey}`);
  const back = exclusion(ensuring, otherId, packageId, `incompatible:${otherKey}:back`);
  const first = await ensurePart(ensuring, there);
  return first.kind === 'done' ? ensurePart(ensuring, back) : first;
}

function exclusion(
  { graph, packageRow }: Ensuring,
  packageId: string,
  otherId: string,
  name: string,
): Part<{ id: string }> {
  let other: ExcludedPackage = { id: otherId };
  return {
    name,
    row: packageRow,
    look: async () => {
      const found = (await graph.listIncompatible(packageId)).filter(({ id }) => id === otherId);
      // Here and not in `make`, which must be one call: the lease is only sure to last for one.
      if (found.length === 0) other = await graph.describeAccessPackage(otherId);
      return found;
    },
    make: async () => {
      await graph.addIncompatible(packageId, other);
      return { id: otherId };
    },
  };
}

/** A package that we have no row of may exist all the same, made by somebody else. */
export async function findPackageId(
  graph: Pick<Entitlements, 'findCatalogs' | 'findAccessPackages'>,
  catalogs: readonly Catalog[],
  other: AccessPackage,
): Promise<string | undefined> {
  if (other.adoptId !== undefined) return other.adoptId;
  const catalog = catalogs.find(({ key }) => key === other.catalog);
  const [found] = catalog ? await graph.findCatalogs(catalog.displayName) : [];
  if (!found) return undefined;
  const [named] = await graph.findAccessPackages(found.id, other.displayName);
  return named?.id;
}
