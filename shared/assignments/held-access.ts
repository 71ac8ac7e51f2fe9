import { packageDefinition } from '../domain/access-model/access-model';
import type { Step } from '../domain/lifecycle/plan';
import type { StepResult } from '../domain/workflow/step-outcome';
import type { PackageIds } from '../domain/workflow/workflow-state';
import type { LoadedModel } from '../config/load-model';
import type { AssignmentRequest } from '../graph/answers';
import type { Entitlements } from '../graph/entitlements';
import { isForbidden } from '../graph/errors';
import type { AssignmentStatus } from '../graph/states';
import type { Packages } from '../storage/packages';

type Services = { model: () => LoadedModel; packages: Packages; graph: Entitlements };
type Target = { step: Step; targetId: string; ids: PackageIds };

const HOLDS_INCOMPATIBLE: StepResult = {
  outcome: 'refused-sod',
  reason: 'holds-incompatible-package',
};

/** The result where nothing is left to do, or where Graph would refuse without a published code. */
export async function preflight(
  services: Services,
  target: Target,
): Promise<StepResult | undefined> {
  const { ids, targetId } = target;
  const own = await statusesOf(services, ids.accessPackageId, targetId);
  if (own.has('delivered')) return { outcome: 'already-held' };
  for (const packageId of await packagesOfPeers(services, target)) {
    if (givesAccess(await statusesOf(services, packageId, targetId))) return HOLDS_INCOMPATIBLE;
  }
  return undefined;
}

/**
 * The result after Graph has refused a request for a reason that it does not publish: whether the person holds a package,
 * or has requested one, that excludes this one by the model or in Graph, where an administrator may have said more.
 */
export async function incompatibleAccess(
  services: Services,
  target: Target,
): Promise<StepResult | undefined> {
  const { ids, targetId } = target;
  const inGraph = await services.graph.listIncompatible(ids.accessPackageId);
  const others = new Set([
    ...(await packagesOfPeers(services, target)),
    ...inGraph.map(({ id }) => id),
  ]);
  if (others.size === 0) return undefined;
  for (const packageId of others) {
    if (givesAccess(await statusesOf(services, packageId, targetId))) return HOLDS_INCOMPATIBLE;
  }
  const isIncompatible = (request: AssignmentRequest) =>
    request.userId === targetId && isAdd(request) && others.has(request.packageId ?? '');
  const open = await findIfAllowed(() => services.graph.findOpenRequest(isIncompatible));
  return open && { outcome: 'refused-sod', reason: 'requested-incompatible-package' };
}

/** An identity with roles in catalogs alone cannot list the requests of the tenant. That says nothing of the refusal. */
async function findIfAllowed<Found>(find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** The result where Graph says that the person has the package; undefined while no replica shows what they have. */
export async function existingAccess(
  services: Services,
  { ids, targetId }: Target,
): Promise<StepResult | undefined> {
  const statuses = await statusesOf(services, ids.accessPackageId, targetId);
  if (statuses.has('delivered')) return { outcome: 'already-held' };
  if (statuses.has('delivering')) return undefined;
  if (statuses.has('partial')) {
    return { outcome: 'partly-delivered', reason: 'partially-delivered' };
  }
  return statuses.has('failed') ? { outcome: 'failed', reason: 'delivery-failed' } : undefined;
}

/** An open removal blocks a grant too, but polling it would end in no access. */
export const isAdd = ({ requestType = 'adminAdd' }: AssignmentRequest): boolean =>
  /add$/i.test(requestType);

const givesAccess = (statuses: ReadonlySet<AssignmentStatus>): boolean =>
  statuses.has('delivered') || statuses.has('delivering') || statuses.has('partial');

async function statusesOf(
  { graph }: Services,
  packageId: string,
  targetId: string,
): Promise<ReadonlySet<AssignmentStatus>> {
  const assignments = await graph.findAssignments(packageId, targetId);
  return new Set(assignments.map(({ assignmentStatus }) => assignmentStatus));
}

/** The ids of the packages that the model calls incompatible, as far as they exist. */
async function packagesOfPeers({ model, packages }: Services, { step }: Target): Promise<string[]> {
  const peers = packageDefinition(model().model, step.packageKey)?.incompatible ?? [];
  const records = await Promise.all(peers.map(({ catalog, key }) => packages.load(catalog, key)));
  return records.flatMap((record) => record?.accessPackageId ?? []);
}
