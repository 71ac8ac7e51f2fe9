import type { EnsuredPackage } from '../../shared/packages/apply';
import type { AssignmentRequest } from '../../shared/graph/answers';
import { until, type Patience } from './patience';
import { isMember, requestRemoval, type SmokeGraph } from './smoke-graph';

/** The package of one run, and the person who is given it. */
export type Gift = EnsuredPackage & { name: string; userId: string; groupId: string };

/**
 * Asks for the package as the app does, and gives the request once it is delivered. Looks before it asks, so that an
 * answer that was lost leads to no second request.
 */
export async function give(
  { product }: SmokeGraph,
  { name, userId, accessPackageId, assignmentPolicyId }: Gift,
  patience: Patience,
): Promise<void> {
  const asked = await until('the request', patience, async () => {
    const found = await product.findAssignmentRequests(accessPackageId, name);
    const ours = found.find(({ justification }) => justification === name);
    if (ours) return ours;
    return product.submitAssignmentRequest({
      packageId: accessPackageId,
      policyId: assignmentPolicyId,
      userId,
      justification: name,
    });
  });
  await until('the delivery', patience, async () =>
    delivered(await product.getAssignmentRequest(asked.id)),
  );
}

const refused = ['failed', 'denied', 'canceled'];

function delivered({ requestStatus, state, status }: AssignmentRequest): true | undefined {
  if (refused.includes(requestStatus)) throw new Error(`the request ended as ${state} (${status})`);
  return requestStatus === 'delivered' || undefined;
}

/** The assignment that the delivery has led to. */
export const assignmentOf = (
  { product }: SmokeGraph,
  { accessPackageId, userId }: Gift,
  patience: Patience,
): Promise<string> =>
  until('the assignment', patience, async () => {
    const found = await product.findAssignments(accessPackageId, userId);
    return found.find(({ assignmentStatus }) => assignmentStatus === 'delivered')?.id;
  });

/** Asks for the end of the assignment, once, and waits until it has come. */
export async function take(
  graph: SmokeGraph,
  { name, accessPackageId, userId }: Gift,
  assignmentId: string,
  patience: Patience,
): Promise<void> {
  const { product } = graph;
  await until('the removal', patience, async () => {
    const found = await product.findAssignmentRequests(accessPackageId, name);
    const removal = found.find(({ requestType }) => requestType?.toLowerCase() === 'adminremove');
    if (removal) return delivered(removal);
    await requestRemoval(graph, assignmentId);
    return undefined;
  });
  await until('the end of the assignment', patience, async () => {
    const found = await product.findAssignments(accessPackageId, userId);
    return found.every(({ assignmentStatus }) => assignmentStatus === 'expired') || undefined;
  });
}

/** Waits until the person is in the group, or is not. */
export const membership = (
  graph: SmokeGraph,
  { groupId, userId }: Gift,
  wanted: boolean,
  patience: Patience,
): Promise<true> =>
  until(wanted ? 'the membership' : 'the end of the membership', patience, async () =>
    (await isMember(graph, groupId, userId)) === wanted ? true : undefined,
  );
