import type { Later, Outcome } from '../../shared/domain/outcome';
import type { StepOutcome } from '../../shared/domain/step-outcome';
import { asOutcome } from '../../shared/graph/classify';
import type { Parts } from '../parts';
import type { StepTold } from './audit-columns';
import { recordAssignment } from './record-assignment';

/**
 * Access that a row calls delivered or held must be visible as an active assignment. One that was delivered (at
 * `deliveredAt`) and is not there is recorded first, where Graph leaves that to us.
 */
export async function confirmAccess(
  parts: Parts,
  told: StepTold,
  outcome: StepOutcome,
  deliveredAt: string | undefined,
): Promise<Outcome<{ assignmentId?: string | undefined }>> {
  const { ids, targetId } = told;
  if (!ids || (outcome !== 'delivered' && outcome !== 'already-held')) return { kind: 'done' };
  return asOutcome(async () => {
    const assignments = await parts.graph.findAssignments(ids.accessPackageId, targetId);
    const active = assignments.find(({ phase }) => phase === 'delivered');
    if (active) return { kind: 'done', assignmentId: active.id };
    if (deliveredAt !== undefined) await recordAssignment(parts, told, ids, deliveredAt);
    return NOT_VISIBLE;
  });
}

const NOT_VISIBLE: Later = { kind: 'later', afterSeconds: 1, why: 'assignment-not-visible' };
