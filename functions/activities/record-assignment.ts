import type { PackageIds } from '../../shared/domain/workflow/workflow-state';
import { classify } from '../../shared/graph/classify';
import { GraphError } from '../../shared/graph/graph-error';
import type { StoredGrant } from '../../shared/storage/workers';
import type { Services } from '../services';
import type { AuditContext } from '../../shared/events/audit-context';
import { AGREEING_READS } from './look-before-submit';

/**
 * Records an assignment that a look has just not found, once: our row says so before the POST, and after a lost answer
 * three looks must agree before there is another. Does nothing where Graph makes assignments itself, nor for a grant
 * that is not this run's. Throws `GraphError`.
 */
export async function recordAssignment(
  { graph, workers }: Services,
  { run, step, targetId }: AuditContext,
  ids: PackageIds,
  from: string,
): Promise<void> {
  const save = (changed: StoredGrant) =>
    workers.saveGrant(run.fact.workerId, step.packageKey, changed);
  const grant = await workers.grant(run.fact.workerId, step.packageKey);
  if (!grant || grant.instanceId !== run.instanceId || !mayRecord(grant)) return;
  if (grant.state === 'recording' && grant.absentReads + 1 < AGREEING_READS) {
    await save({ ...grant, absentReads: grant.absentReads + 1 });
    return;
  }
  let recording: StoredGrant | undefined;
  const intend = async (): Promise<boolean> => {
    recording = await save({ ...grant, state: 'recording', absentReads: 0 });
    return recording !== undefined;
  };
  try {
    const { accessPackageId: packageId, catalogId, assignmentPolicyId: policyId } = ids;
    const assignment = { packageId, catalogId, policyId, userId: targetId, from };
    const recorded = await graph.recordAssignment(assignment, intend);
    if (recorded && recording) await save({ ...recording, assignmentId: recorded.id });
  } catch (error) {
    if (isThere(error)) return;
    // A clear refusal leaves nothing to look for; only an unclear one keeps the row as it is.
    if (recording && error instanceof GraphError && !error.fault.ambiguous) {
      await save({ ...recording, state: 'requested' });
    }
    throw error;
  }
}

/** Not once its answer came: then it is only not visible yet. */
const mayRecord = ({ state, assignmentId }: StoredGrant): boolean =>
  assignmentId === undefined && (state === 'requested' || state === 'recording');

/** Somebody has recorded it meanwhile; the next look will see it. */
function isThere(error: unknown): boolean {
  const refusal = classify(error);
  return refusal.kind === 'conflict' && refusal.conflict === 'existing-grant';
}
