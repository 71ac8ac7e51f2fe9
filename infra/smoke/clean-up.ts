import { isOpen, assignmentStatusOf } from '../../shared/graph/states';
import { explain } from '../tenant/explain';
import { until, type Patience } from './patience';
import { isRunName, runPrefix } from './run-name';
import {
  listAssignments,
  listCatalogs,
  listGroups,
  listResources,
  remove,
  removeGroup,
  removeResource,
  requestRemoval,
  type Named,
  type SmokeGraph,
} from './smoke-graph';

/** What is there of one run or several, found by its name alone. */
type Found = { catalogs: Named[]; groups: Named[] };

/** The names of runs that have left something in the tenant. */
export async function findRuns(graph: SmokeGraph): Promise<string[]> {
  const { catalogs, groups } = await find(graph, runPrefix);
  const names = [...catalogs, ...groups].map(({ displayName }) => displayName);
  return [...new Set(names.filter(isRunName))].sort();
}

async function find(graph: SmokeGraph, name: string): Promise<Found> {
  const fits = ({ displayName }: Named): boolean =>
    isRunName(displayName) && displayName.startsWith(name);
  const [catalogs, groups] = await Promise.all([listCatalogs(graph), listGroups(graph, name)]);
  return { catalogs: catalogs.filter(fits), groups: groups.filter(fits) };
}

/** Replicas may not show a thing that is there: so many looks must agree that nothing is. */
const agreeing = 3;

/**
 * Deletes all that a run made, from the inside outwards, whatever state the run ended in. Each round looks anew and does
 * what can be done by then; refusals are tried again, since most end by themselves (replicas, a delivery under way).
 * Throws the last one once the time is up: something is left then.
 */
export async function cleanUp(graph: SmokeGraph, name: string, patience: Patience): Promise<void> {
  let empty = 0;
  let refused: unknown;
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      refused = error;
    }
  };
  const round = async (): Promise<true | undefined> => {
    const { catalogs, groups } = await find(graph, name);
    empty = catalogs.length + groups.length === 0 ? empty + 1 : 0;
    for (const { id } of catalogs) await attempt(() => emptyCatalog(graph, id, name, attempt));
    if (catalogs.length === 0) {
      for (const { id } of groups) await attempt(() => removeGroup(graph, id));
    }
    return empty >= agreeing || undefined;
  };
  try {
    await until(`deleting ${name}`, patience, round);
  } catch (error) {
    throw new Error(`${name} is not all deleted: ${explain(refused ?? error)}`, { cause: error });
  }
}

type Attempt = (act: () => Promise<void>) => Promise<void>;

async function emptyCatalog(
  graph: SmokeGraph,
  catalogId: string,
  name: string,
  attempt: Attempt,
): Promise<void> {
  const packages = await graph.product.findAccessPackages(catalogId, name);
  for (const { id } of packages) await attempt(() => dissolve(graph, id, name, attempt));
  if (packages.length > 0) return;
  for (const { id } of await listResources(graph, catalogId)) {
    await attempt(() => removeResource(graph, catalogId, id));
  }
  await remove(graph, 'catalogs', catalogId);
}

/** A package goes once nobody holds it and nobody is about to. */
async function dissolve(
  graph: SmokeGraph,
  packageId: string,
  name: string,
  attempt: Attempt,
): Promise<void> {
  const requests = await graph.product.findAssignmentRequests(packageId, name);
  if (requests.some(({ requestStatus }) => isOpen(requestStatus))) return;
  const held = (await listAssignments(graph, packageId)).filter(
    ({ state }) => !['expired', 'failed'].includes(assignmentStatusOf(state ?? undefined)),
  );
  for (const { id } of held) await attempt(() => requestRemoval(graph, id));
  if (held.length > 0) return;
  for (const { id } of requests) await attempt(() => remove(graph, 'assignmentRequests', id));
  for (const { id } of await graph.product.listAssignmentPolicies(packageId)) {
    await attempt(() => remove(graph, 'assignmentPolicies', id));
  }
  await remove(graph, 'accessPackages', packageId);
}
