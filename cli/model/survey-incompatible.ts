import type { PackageMemory } from '../../shared/storage/package-record';
import { findPackageId } from '../../shared/packages/ensure/ensure-incompatible';
import type { WantedPackage } from '../../shared/packages/ensure/ensuring';
import { emptyOn404 } from '../../shared/graph/errors';
import type { Part } from './part';
import type { Reads } from './reads';

/** Whether each of a pair excludes the other. */
export async function surveyIncompatible(
  graph: Pick<Reads, 'findCatalogs' | 'findAccessPackages' | 'listIncompatible'>,
  { incompatible, catalogs }: WantedPackage,
  packageId: string | undefined,
  peer: PackageMemory['peer'],
): Promise<Part[]> {
  const excluded = async (id: string) =>
    (await emptyOn404(graph.listIncompatible(id))).flat().map((one) => one.id);
  const own = packageId === undefined || incompatible.length === 0 ? [] : await excluded(packageId);
  const parts: Part[] = [];
  for (const other of incompatible) {
    const known = (await peer(other.catalog, other.key))?.accessPackageId;
    const otherId = known ?? (await findPackageId(graph, catalogs, other));
    const part = { part: 'incompatible', about: other.key } as const;
    if (packageId === undefined || otherId === undefined) {
      parts.push({ ...part, state: 'pending' });
      continue;
    }
    const both = own.includes(otherId) && (await excluded(otherId)).includes(packageId);
    parts.push({ ...part, state: both ? 'equal' : 'absent' });
  }
  return parts;
}
