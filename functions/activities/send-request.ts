import { GraphError } from '../../shared/graph/graph-error';
import type { StoredGrant } from '../../shared/storage/workers';
import type { Services } from '../services';
import { keepRequest, notYet, saveGrant, STALE, type Submission } from './keep-request';
import { markOf, type Wanted } from './look-before-submit';

/** Says in our row what is about to be sent, and sends it once: an answer that is lost leaves the row as it is. */
export async function sendRequest(
  services: Services,
  wanted: Wanted,
  grant: StoredGrant | undefined,
): Promise<Submission> {
  const { run, targetId, ids } = wanted;
  const { eventHash, attempt, instanceId } = run;
  // Whoever lost the turn comes late: another run may be submitting by now.
  if (!(await services.turns.holds(run.fact.workerId, instanceId))) return STALE;
  const updatedAt = new Date().toISOString();
  const submitting = await saveGrant(services, wanted, {
    ...{ state: 'submitting', eventHash, attempt, instanceId, targetId, updatedAt },
    absentReads: 0,
    etag: grant?.etag,
  });
  if (!submitting) return notYet('changed-meanwhile');
  const sent = services.graph.submitAssignmentRequest({
    packageId: ids.accessPackageId,
    policyId: ids.assignmentPolicyId,
    userId: targetId,
    justification: markOf(wanted, run),
  });
  const request = await sent.catch(async (error: unknown) => {
    // A clear refusal leaves nothing to look for; only an unclear one keeps the row as it is.
    if (error instanceof GraphError && !error.fault.ambiguous) {
      await saveGrant(services, wanted, { ...submitting, state: 'idle' });
    }
    throw error;
  });
  return keepRequest(services, wanted, submitting, request);
}
