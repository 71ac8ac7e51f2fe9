import type { PackageMemory } from '../../shared/storage/package-record';
import { emptyOn404 } from '../../shared/graph/errors';
import type { Reads } from './reads';

/** Our rows, but of another package that was deleted in Entra without the id that it had: it excludes nobody any more. */
export function withLivingPeers(
  graph: Pick<Reads, 'getAccessPackage'>,
  memory: PackageMemory,
): PackageMemory {
  return {
    ...memory,
    peer: async (catalogKey, packageKey) => {
      const record = await memory.peer(catalogKey, packageKey);
      if (record?.accessPackageId === undefined) return record;
      const found = await emptyOn404(graph.getAccessPackage(record.accessPackageId));
      return found.length > 0 ? record : { ...record, accessPackageId: undefined };
    },
  };
}
