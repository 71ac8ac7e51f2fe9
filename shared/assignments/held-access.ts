import { packageDefinition } from '../domain/access-model/access-model';
import type { Step } from '../domain/lifecycle/plan';
import type { StepResult } from '../domain/workflow/step-outcome';
import type { PackageIds } from '../domain/workflow/workflow-state';
import type { LoadedModel } from '../config/load-model';
import type { AssignmentRequest } from '../graph/answers';
import type { Entitlements } from '../graph/entitlements';
import { classify, isUnreadable } from '../graph/errors';
import { inScope } from '../graph/permissions';
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
 * Undefined if that is not so or cannot be seen: then the refusal itself is all there is to tell. Throws only what passes.
 */
export function incompatibleAccess(
  services: Services,
  target: Target,
): Promise<StepResult | undefined> {
  return inScope({ isOptional: true }, async () => {
    const inModel = await packagesOfPeers(services, target);
    const inGraph = await ifVisible(services.graph.listIncompatible(target.ids.accessPackageId));
    const others = [...new Set([...inModel, ...(inGraph ?? []).map(({ id }) => id)])];
    for (const packageId of others) {
      const statuses = await ifVisible(statusesOf(services, packageId, target.targetId));
      if (statuses && givesAccess(statuses)) return HOLDS_INCOMPATIBLE;
    }
    const open =
      others.length > 0 && (await ifVisible(findOpenAdd(services, others, target.targetId)));
    if (!open) return undefined;
    return { outcome: 'refused-sod', reason: 'requested-incompatible-package' };
  });
}

/** The answer to a look; undefined where Graph, or the gateway before it, does not let this app look or has nothing there. */
async function ifVisible<Found>(look: Promise<Found>): Promise<Found | undefined> {
  try {
    return await look;
  } catch (error) {
    if (classify(error).kind === 'later' && !isUnreadable(error)) throw error;
    return undefined;
  }
}

/** Any open request that gives one of the packages to the person, whoever made it and when. */
export function findOpenAdd(
  { graph }: Pick<Services, 'graph'>,
  packageIds: readonly string[],
  targetId: string,
): Promise<AssignmentRequest | undefined> {
  return graph.findOpenRequest(
    packageIds,
    (one) => isAdd(one) && one.userId === targetId && packageIds.includes(one.packageId ?? ''),
  );
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
const isAdd = ({ requestType = 'adminAdd' }: AssignmentRequest): boolean =>
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
