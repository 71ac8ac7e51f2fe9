import { randomBytes } from 'node:crypto';
import { assignmentStatusOf, isOpen } from '../../shared/graph/states';
import { explain } from '../tenant/command';
import {
  listAssignments,
  listCatalogs,
  listGroups,
  listResources,
  remove,
  removeGroup,
  removeResource,
  requestRemoval,
  retryUntil,
  type Named,
  type SmokeGraph,
  type Timeouts,
} from './smoke-graph';

const prefix = 'joinery-smoke-';
const pattern = new RegExp(`^${prefix}[0-9a-f]{8}$`);

/** The display name of everything that one run creates, and of nothing else in the tenant. */
export const newRunName = (): string => `${prefix}${randomBytes(4).toString('hex')}`;

const isRunName = (name: string | null | undefined): name is string => pattern.test(name ?? '');

/** The name of a run from its name or its id. Throws an Error for the user if the text is neither. */
export function runNameOf(text: string): string {
  const name = text.startsWith(prefix) ? text : `${prefix}${text}`;
  if (!isRunName(name))
    throw new Error(`${text} is not a run id: an id is eight characters of 0-9 a-f`);
  return name;
}

/** The objects of one or several runs, found by name. */
type RunObjects = { catalogs: Named[]; groups: Named[] };

/** The names of runs that left objects in the tenant. */
export async function findRuns(graph: SmokeGraph): Promise<string[]> {
  const { catalogs, groups } = await find(graph, prefix);
  const names = [...catalogs, ...groups].map(({ displayName }) => displayName);
  return [...new Set(names.filter(isRunName))].sort();
}

async function find(graph: SmokeGraph, name: string): Promise<RunObjects> {
  const isMatch = ({ displayName }: Named): boolean =>
    isRunName(displayName) && displayName.startsWith(name);
  const [catalogs, groups] = await Promise.all([listCatalogs(graph), listGroups(graph, name)]);
  return { catalogs: catalogs.filter(isMatch), groups: groups.filter(isMatch) };
}

/** A replica may not list an object that exists, so this many reads in a row must find nothing. */
const AGREEING_READS = 3;

/**
 * Deletes everything that a run created, dependents first, in whatever state the run ended. Each round reads again and
 * deletes what can be deleted then. Errors are retried in the next round, because most end by themselves (replication
 * delay, a delivery in progress). Throws the last error after the deadline: then something is left.
 */
export async function cleanUp(graph: SmokeGraph, name: string, timeouts: Timeouts): Promise<void> {
  let empty = 0;
  let lastError: unknown;
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      lastError = error;
    }
  };
  const round = async (): Promise<true | undefined> => {
    const { catalogs, groups } = await find(graph, name);
    empty = catalogs.length + groups.length === 0 ? empty + 1 : 0;
    for (const { id } of catalogs) await attempt(() => emptyCatalog(graph, id, name, attempt));
    if (catalogs.length === 0) {
      for (const { id } of groups) await attempt(() => removeGroup(graph, id));
    }
    return empty >= AGREEING_READS || undefined;
  };
  try {
    await retryUntil(`deleting ${name}`, timeouts, round);
  } catch (error) {
    throw new Error(`${name} is not completely deleted: ${explain(lastError ?? error)}`, {
      cause: error,
    });
  }
}

type Attempt = (action: () => Promise<void>) => Promise<void>;

async function emptyCatalog(
  graph: SmokeGraph,
  catalogId: string,
  name: string,
  attempt: Attempt,
): Promise<void> {
  const packages = await graph.product.findAccessPackages(catalogId, name);
  for (const { id } of packages) await attempt(() => deletePackage(graph, id, name, attempt));
  if (packages.length > 0) return;
  for (const { id } of await listResources(graph, catalogId)) {
    await attempt(() => removeResource(graph, catalogId, id));
  }
  await remove(graph, 'catalogs', catalogId);
}

/** A package can be deleted only without assignments and open requests. */
async function deletePackage(
  graph: SmokeGraph,
  packageId: string,
  name: string,
  attempt: Attempt,
): Promise<void> {
  const requests = await graph.product.findAssignmentRequests(packageId, name);
  if (requests.some(({ requestStatus }) => isOpen(requestStatus))) return;
  const active = (await listAssignments(graph, packageId)).filter(
    ({ state }) => !['expired', 'failed'].includes(assignmentStatusOf(state ?? undefined)),
  );
  // An assignment ends a while after its removal was delivered, and another removal would put that off.
  const removed = requests
    .filter((own) => own.requestType === 'adminRemove' && own.requestStatus === 'delivered')
    .map(({ assignmentId }) => assignmentId);
  const left = active.filter(({ id }) => !removed.includes(id));
  for (const { id } of left) await attempt(() => requestRemoval(graph, id));
  if (active.length > 0) return;
  for (const { id } of requests) await attempt(() => remove(graph, 'assignmentRequests', id));
  for (const { id } of await graph.product.listAssignmentPolicies(packageId)) {
    await attempt(() => remove(graph, 'assignmentPolicies', id));
  }
  await remove(graph, 'accessPackages', packageId);
}
