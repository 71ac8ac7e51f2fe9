import type { PackageIds, Step } from '../../shared/domain/workflow/workflow-state';
import { justification } from '../../shared/domain/events/keys';
import { packageDefinition } from '../../shared/domain/access-model/package-definition';
import type { Run } from '../../shared/domain/workflow/run';
import type { Verdict } from '../../shared/domain/workflow/step-outcome';
import type { AssignmentRequest } from '../../shared/graph/answers';
import { isOpen } from '../../shared/graph/states';
import type { Services } from '../services';

/** One package for one person, with all the ids that a request needs. */
export type Wanted = { run: Run; step: Step; targetId: string; ids: PackageIds };

/** How many looks must agree that a thing whose fate is unknown is not there, before it is sent again. */
export const AGREEING_READS = 3;

/** The run of an event that has sent a request. */
type Sender = Pick<Run, 'eventHash' | 'attempt'>;

/** What the request carries, so that it is known as ours whatever became of the answer. */
export const markOf = ({ step }: Wanted, { eventHash, attempt }: Sender): string =>
  justification(eventHash, attempt, step.packageKey);

/**
 * The request that `sender` may have sent, by its mark: in whatever state if that was this run, else only an open one.
 * Or any open one for the same person and package.
 */
export async function findRequest(
  { graph }: Services,
  wanted: Wanted,
  sender: Sender,
): Promise<AssignmentRequest | undefined> {
  const { run, ids, targetId } = wanted;
  const mark = markOf(wanted, sender);
  const requests = await graph.findAssignmentRequests(ids.accessPackageId, mark);
  const own = mark === markOf(wanted, run);
  return (
    requests.find(({ justification, phase }) => justification === mark && (own || isOpen(phase))) ??
    requests.find((one) => isAdd(one) && one.userId === targetId && isOpen(one.phase))
  );
}

/** An open removal blocks a grant too, but following it would end in no access. */
const isAdd = ({ requestType = 'adminAdd' }: AssignmentRequest): boolean =>
  /add$/i.test(requestType);

/** Whether Graph would refuse the request in a way that it publishes no code for, or has nothing left to do. */
export async function foreseeEnd(services: Services, wanted: Wanted): Promise<Verdict | undefined> {
  const { ids, step, targetId } = wanted;
  if (await holds(services, ids.accessPackageId, targetId)) return { outcome: 'already-held' };
  const peers = packageDefinition(services.model().model, step.packageKey)?.incompatible ?? [];
  for (const { catalog, key } of peers) {
    const peer = await services.packages.load(catalog, key);
    if (peer?.accessPackageId && (await holds(services, peer.accessPackageId, targetId))) {
      return { outcome: 'refused-sod', reason: 'holds-incompatible-package' };
    }
  }
  return undefined;
}

const holds = async ({ graph }: Services, packageId: string, userId: string): Promise<boolean> =>
  (await graph.findAssignments(packageId, userId)).some(({ phase }) => phase === 'delivered');
