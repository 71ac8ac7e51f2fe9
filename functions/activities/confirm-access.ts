import type { Later, Outcome } from '../../shared/domain/workflow/outcome';
import type { StepOutcome } from '../../shared/domain/workflow/step-outcome';
import { asOutcome } from '../../shared/graph/classify';
import type { Services } from '../services';
import type { AuditContext } from '../../shared/events/audit-context';
import { recordAssignment } from './record-assignment';

/**
 * Access that a row calls delivered or held must be visible as an active assignment. One that was delivered (at
 * `deliveredAt`) and is not there is recorded first, where Graph leaves that to us.
 */
export async function confirmAccess(
  services: Services,
  told: AuditContext,
  outcome: StepOutcome,
  deliveredAt: string | undefined,
): Promise<Outcome<{ assignmentId?: string | undefined }>> {
  const { ids, targetId } = told;
  if (!ids || (outcome !== 'delivered' && outcome !== 'already-held')) return { kind: 'done' };
  return asOutcome(async () => {
    const assignments = await services.graph.findAssignments(ids.accessPackageId, targetId);
    const active = assignments.find(({ phase }) => phase === 'delivered');
    if (active) return { kind: 'done', assignmentId: active.id };
    if (deliveredAt !== undefined) await recordAssignment(services, told, ids, deliveredAt);
    return NOT_VISIBLE;
  });
}

const NOT_VISIBLE: Later = { kind: 'later', afterSeconds: 1, why: 'assignment-not-visible' };
