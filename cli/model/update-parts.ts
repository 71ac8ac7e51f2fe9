import type { WantedPackage } from '../../shared/graph/ensure/ensuring';
import type { Entitlements } from '../../shared/graph/entitlements';
import type { PackageSurvey, Part } from './part';

/**
 * Changes what is there and differs, each by one call that may be made again without harm. Answers how many there were.
 * Throws `GraphError`.
 */
export async function updateParts(
  graph: Entitlements,
  { catalog, accessPackage }: WantedPackage,
  { parts, policy }: PackageSurvey,
): Promise<number> {
  const differing = parts.filter(({ state }) => state === 'differs');
  const idOf = (name: Part['part']) => differing.find(({ part }) => part === name)?.id;
  const catalogId = idOf('catalog');
  if (catalogId !== undefined) await graph.updateCatalog({ ...catalog, id: catalogId });

  const packageId = idOf('package');
  if (packageId !== undefined) {
    const { displayName, adoptId } = accessPackage;
    // A package that is named by its id may be called anything.
    const name = adoptId === undefined ? displayName : undefined;
    await graph.updateAccessPackage({ ...accessPackage, id: packageId, displayName: name });
  }

  const owner = parts.find(({ part }) => part === 'package')?.id;
  if (idOf('policy') !== undefined && policy && accessPackage.policy && owner !== undefined) {
    const { id, kept } = policy;
    await graph.replaceAssignmentPolicy({ ...accessPackage.policy, id, kept, packageId: owner });
  }
  return differing.length;
}
