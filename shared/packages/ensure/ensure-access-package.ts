import type { Outcome } from '../../domain/workflow/outcome';
import type { AccessPackage } from '../../graph/answers';
import type { Traced } from '../../graph/call';
import { packageDifferences } from './differences';
import { ensurePart, type Part } from './ensure-part';
import { isIn } from '../../graph/entitlements';
import type { Ensuring } from './ensuring';
import { emptyOn404 } from '../../graph/errors';

/** The package that is there already: by the id that we know or the model gives, else by its name in the catalog. */
export async function findPackage(
  ensuring: Ensuring,
  catalogId: string,
): Promise<Traced<AccessPackage>[]> {
  const { graph, wanted } = ensuring;
  const id = knownId(ensuring);
  if (id !== undefined) return emptyOn404(graph.getAccessPackage(id));
  const named = await graph.findAccessPackages(catalogId, wanted.accessPackage.displayName);
  // Only by its id is a package read with its role scopes.
  const known = await Promise.all(named.map((one) => emptyOn404(graph.getAccessPackage(one.id))));
  return known.flat().filter((found) => isIn(found, catalogId));
}

/** The package itself, without what belongs to it; `seen` is what `findPackage` has found. */
export function ensureAccessPackage(
  ensuring: Ensuring,
  catalogId: string,
  seen: Traced<AccessPackage>[],
): Promise<Outcome<{ found: Traced<AccessPackage> }>> {
  const { graph, wanted, packageRow } = ensuring;
  const { displayName, description, hidden } = wanted.accessPackage;
  const part: Part<Traced<AccessPackage>> = {
    name: 'package',
    row: packageRow,
    knownId: knownId(ensuring),
    look: () => findPackage(ensuring, catalogId),
    make: () => graph.createAccessPackage({ displayName, description, hidden, catalogId }),
    differences: (found) => packageDifferences(wanted.accessPackage, catalogId, found),
    keep: ({ id }) => ({ accessPackageId: id, catalogId }),
  };
  return ensurePart(ensuring, part, seen);
}

function knownId({ packageRow, wanted }: Ensuring): string | undefined {
  return wanted.accessPackage.adoptId ?? packageRow.now().accessPackageId;
}
