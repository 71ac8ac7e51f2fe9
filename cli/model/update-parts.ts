import type { Later } from '../../shared/domain/workflow/outcome';
import type { WantedPackage } from '../../shared/packages/ensure/ensuring';
import type { Entitlements } from '../../shared/graph/entitlements';
import type { PackageSurvey, Part } from './part';

/**
 * Changes what is there and differs, each by one call that may be made again without harm. `waits` is asked before each
 * call, and whatever it answers ends the changing. Throws `GraphError`.
 */
export async function updateParts(
  graph: Entitlements,
  wanted: WantedPackage,
  survey: PackageSurvey,
  waits: () => Promise<Later | undefined>,
): Promise<Later | { updated: number }> {
  const updates = updatesOf(graph, wanted, survey);
  for (const update of updates) {
    const later = await waits();
    if (later) return later;
    await update();
  }
  return { updated: updates.length };
}

function updatesOf(
  graph: Entitlements,
  { catalog, accessPackage }: WantedPackage,
  { parts, policy }: PackageSurvey,
): (() => Promise<unknown>)[] {
  const idOf = (name: Part['part']) =>
    parts.find(({ part, state }) => part === name && state === 'differs')?.id;
  const updates: (() => Promise<unknown>)[] = [];
  const catalogId = idOf('catalog');
  if (catalogId !== undefined)
    updates.push(() => graph.updateCatalog({ ...catalog, id: catalogId }));

  const packageId = idOf('package');
  if (packageId !== undefined) {
    const { displayName, adoptId } = accessPackage;
    // A package that is named by its id may be called anything.
    const name = adoptId === undefined ? displayName : undefined;
    updates.push(() =>
      graph.updateAccessPackage({ ...accessPackage, id: packageId, displayName: name }),
    );
  }

  const owner = parts.find(({ part }) => part === 'package')?.id;
  const wanted = accessPackage.policy;
  if (idOf('policy') !== undefined && policy && wanted && owner !== undefined) {
    const { id, kept } = policy;
    updates.push(() => graph.replaceAssignmentPolicy({ ...wanted, id, kept, packageId: owner }));
  }
  return updates;
}
