import { packageDefinition } from '../domain/access-model/access-model';
import type { StepResult } from '../domain/workflow/step-outcome';
import type { AssignmentRequest } from '../graph/answers';
import { classify, isUnreadable } from '../graph/errors';
import { inScope } from '../graph/permissions';
import type { AssignmentStatus } from '../graph/states';
import { idsOf, type RequestTarget, type SubmitServices } from './request';

type Look = Pick<SubmitServices, 'model' | 'packages' | 'graph'>;

/**
 * The result after Graph has refused a request for a reason that it does not publish: whether the person holds a package,
 * or has requested one, that excludes this one by the model or in Graph, where an administrator may have said more. The
 * reason names that package, by its id if the model does not know it. Undefined if that is not so or cannot be seen: then the
 * refusal itself is all there is to tell. Throws only what passes.
 */
export function incompatibleAccess(
  services: Look,
  target: Pick<RequestTarget, 'step'>,
): Promise<StepResult | undefined> {
  const { graph } = services;
  const { targetId } = target.step;
  return inScope({ isOptional: true }, async () => {
    const inModel = await packagesOfPeers(services, target);
    const inGraph = await ifVisible(graph.listIncompatible(idsOf(target.step).accessPackageId));
    const others = [...new Set([...inModel.keys(), ...(inGraph ?? []).map(({ id }) => id)])];
    if (others.length === 0) return undefined;
    const refused = (why: string, packageId = ''): StepResult => ({
      outcome: 'refused-sod',
      reason: `${why}:${inModel.get(packageId) ?? packageId}`,
    });
    const held = await ifVisible(graph.assignmentsOf(targetId, others));
    const excluding = held?.find(
      ({ packageId, status }) => others.includes(packageId) && givesAccess.includes(status),
    );
    if (excluding) return refused('holds-incompatible-package', excluding.packageId);
    const open = await ifVisible(
      graph.findOpenRequest(
        others,
        (one) => isAdd(one) && one.userId === targetId && others.includes(one.packageId ?? ''),
      ),
    );
    return open && refused('requested-incompatible-package', open.packageId);
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

/** An open removal blocks a grant too, but polling it would end in no access. */
export const isAdd = ({ requestType = 'adminAdd' }: AssignmentRequest): boolean =>
  /add$/i.test(requestType);

/** The result where Graph says that the person has the package; undefined while no replica shows what they have. */
export async function existingAccess(
  { graph }: SubmitServices,
  { step }: RequestTarget,
): Promise<StepResult | undefined> {
  const { accessPackageId } = idsOf(step);
  const all = await graph.assignmentsOf(step.targetId, [accessPackageId]);
  const statuses = new Set(
    all.filter(({ packageId }) => packageId === accessPackageId).map(({ status }) => status),
  );
  if (statuses.has('delivered')) return { outcome: 'already-held' };
  if (statuses.has('delivering')) return undefined;
  if (statuses.has('partial')) {
    return { outcome: 'partly-delivered', reason: 'partially-delivered' };
  }
  return statuses.has('failed') ? { outcome: 'failed', reason: 'delivery-failed' } : undefined;
}

const givesAccess: readonly AssignmentStatus[] = ['delivered', 'delivering', 'partial'];

/** The packages that the model calls incompatible, by their ids, as far as they exist. */
async function packagesOfPeers(
  { model, packages }: Look,
  { step }: Pick<RequestTarget, 'step'>,
): Promise<Map<string, string>> {
  const peers = packageDefinition(model().model, step.packageKey)?.incompatible ?? [];
  const found = await Promise.all(
    peers.map(async ({ catalog, key }) => {
      return [(await packages.load(catalog, key))?.accessPackageId ?? '', key] as const;
    }),
  );
  return new Map(found.filter(([id]) => id !== ''));
}
