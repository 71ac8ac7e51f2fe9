import type { PackageMemory } from '../../shared/storage/package-record';
import { packageDifferences } from '../../shared/packages/ensure/differences';
import { isOurs, type WantedPackage } from '../../shared/packages/ensure/ensuring';
import { emptyOn404 } from '../../shared/graph/errors';
import type { AccessPackage } from '../../shared/graph/answers';
import { isIn } from '../../shared/graph/entitlements';
import type { PackageSurvey, Part } from './part';
import type { Reads } from './reads';
import { surveyCatalog } from './survey-catalog';
import { surveyIncompatible } from './survey-incompatible';
import { surveyPolicy } from './survey-policy';
import { surveyRoles } from './survey-roles';

/**
 * Compares one package with the model, part by part, beginning with what our rows know of it. Unlike `ensurePackage` it
 * does not stop at the first difference. Throws `GraphError` where Graph does not tell: a failed read is no absence.
 */
export async function surveyPackage(
  graph: Reads,
  wanted: WantedPackage,
  memory: PackageMemory,
): Promise<PackageSurvey> {
  const { accessPackage, catalog } = wanted;
  const record = await memory.package.load();
  const making = record !== undefined && isOurs(record) && record.state === 'making';
  const survey = { key: accessPackage.key, catalogKey: catalog.key, making };
  const there = await surveyCatalog(graph, catalog, (await memory.catalog.load())?.catalogId);
  if (there.part.state === 'ambiguous') return { ...survey, parts: [there.part] };

  const found = await findThere(graph, wanted, there.part.id, record?.accessPackageId);
  const part = packagePart(wanted, there.part.id, found, record?.accessPackageId !== undefined);
  if (part.state === 'ambiguous') return { ...survey, parts: [there.part, part] };

  const [one] = found;
  const roles = await surveyRoles(graph, accessPackage, there.part.id, one);
  const policy = await surveyPolicy(graph, accessPackage, one?.id, record?.assignmentPolicyId);
  const incompatible = await surveyIncompatible(graph, wanted, one?.id, memory.peer);
  const parts = [there.part, part, ...roles, policy.part, ...incompatible];
  return { ...survey, parts, ...(policy.found && { policy: policy.found }) };
}

/** By the id that the model or our row has; what our row knows and Graph does not is looked for by its name as well. */
async function findThere(
  graph: Reads,
  { accessPackage }: WantedPackage,
  catalogId: string | undefined,
  recordedId: string | undefined,
): Promise<AccessPackage[]> {
  if (accessPackage.adoptId !== undefined)
    return emptyOn404(graph.getAccessPackage(accessPackage.adoptId));
  const known =
    recordedId === undefined ? [] : await emptyOn404(graph.getAccessPackage(recordedId));
  if (known.length > 0 || catalogId === undefined) return known;
  const named = await graph.findAccessPackages(catalogId, accessPackage.displayName);
  // Only by its id is a package read with its role scopes.
  const read = await Promise.all(named.map(({ id }) => emptyOn404(graph.getAccessPackage(id))));
  return read.flat().filter((one) => isIn(one, catalogId));
}

function packagePart(
  { accessPackage }: WantedPackage,
  catalogId: string | undefined,
  [found, ...others]: AccessPackage[],
  known: boolean,
): Part {
  const part = { part: 'package', about: accessPackage.key } as const;
  if (found === undefined && accessPackage.adoptId !== undefined)
    return { ...part, state: 'missing' };
  if (found === undefined) return { ...part, state: known ? 'gone' : 'absent' };
  if (others.length > 0) return { ...part, state: 'ambiguous' };
  const members = packageDifferences(accessPackage, catalogId ?? '', found);
  return { ...part, id: found.id, state: members.length > 0 ? 'differs' : 'equal', members };
}
