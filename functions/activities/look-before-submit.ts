import type { PackageIds, Step } from '../../shared/domain/journey';
import { justification } from '../../shared/domain/keys';
import { packageDefinition } from '../../shared/domain/package-definition';
import type { Run } from '../../shared/domain/run';
import type { Verdict } from '../../shared/domain/step-outcome';
import { isOpen } from '../../shared/graph/states';
import type { Parts } from '../parts';

/** One package for one person, with all the ids that a request needs. */
export type Wanted = { run: Run; step: Step; targetId: string; ids: PackageIds };

/** What the request carries, so that it is known as ours whatever became of the answer. */
export const markOf = ({ run, step }: Wanted): string =>
  justification(run.eventHash, run.attempt, step.packageKey);

/** Our own request, in whatever state, by its mark; or any open one for the same person and package. */
export async function findRequest({ graph }: Parts, wanted: Wanted): Promise<string | undefined> {
  const { ids, targetId } = wanted;
  const requests = await graph.findAssignmentRequests(ids.accessPackageId);
  const ours = requests.find((request) => request.justification === markOf(wanted));
  const open = requests.find((request) => request.userId === targetId && isOpen(request.phase));
  return (ours ?? open)?.id;
}

/** Whether Graph would refuse the request in a way that it publishes no code for, or has nothing left to do. */
export async function foreseeEnd(parts: Parts, wanted: Wanted): Promise<Verdict | undefined> {
  const { ids, step, targetId } = wanted;
  if (await holds(parts, ids.accessPackageId, targetId)) return { outcome: 'already-held' };
  const peers = packageDefinition(parts.model().model, step.packageKey)?.incompatible ?? [];
  for (const { catalog, key } of peers) {
    const peer = await parts.packages.load(catalog, key);
    if (peer?.accessPackageId && (await holds(parts, peer.accessPackageId, targetId))) {
      return { outcome: 'refused-sod', reason: 'holds-incompatible-package' };
    }
  }
  return undefined;
}

const holds = async ({ graph }: Parts, packageId: string, userId: string): Promise<boolean> =>
  (await graph.findAssignments(packageId, userId)).some(({ phase }) => phase === 'delivered');
