import { activities } from '../../shared/domain/workflow/activities';
import { StepOutcome } from '../../shared/domain/workflow/step-outcome';
import type { Services } from '../services';
import { registerActivity } from './activity';
import { marginOf, stepColumns, type AuditContext } from '../../shared/events/audit-context';
import { confirmAccess } from './confirm-access';

/** Writes the settled row of a step, and confirms first what it is going to say of access that is there. */
export function registerSettleStep(services: Services): void {
  registerActivity(activities.settleStep, async (settled) => {
    const { verdict, chain, at, part, requestId, submittedAt, graphState, evidence } = settled;
    const deliveredAt = verdict.outcome === 'delivered' ? (settled.completedAt ?? at) : undefined;
    const confirmed = await confirmAccess(services, settled, verdict.outcome, deliveredAt);
    if (confirmed.kind !== 'done') return { outcome: confirmed };
    const entry = {
      ...stepColumns(services, settled),
      kind: 'settled',
      step: part,
      outcome: verdict.outcome,
      reason: verdict.reason,
      ...{ assignmentRequestId: requestId, assignmentId: confirmed.assignmentId },
      ...{ submittedAt, graphState, deliveredAt, ...evidence },
      ...(deliveredAt && { marginMinutes: marginOf(settled.run.fact.dueAt, deliveredAt) }),
    } as const;
    const { row, chain: end } = await services.ledger.append(chain, entry, at);
    await settleGrant(services, settled, row.outcome, row.assignmentId);
    // A row that was there already may tell of a package that became whole after all: this step ended as decided.
    const outcome = StepOutcome.safeParse(row.outcome).data ?? verdict.outcome;
    return { chain: end, outcome: { kind: 'done', outcome, deliveredAt: row.deliveredAt } };
  });
}

async function settleGrant(
  { workers }: Services,
  { run, step }: AuditContext,
  outcome: string | undefined,
  assignmentId: string | undefined,
): Promise<void> {
  const grant = await workers.grant(run.fact.workerId, step.packageKey);
  if (grant?.instanceId !== run.instanceId || grant.state === 'settled') return;
  const updatedAt = new Date().toISOString();
  const settled = { ...grant, state: 'settled' as const, outcome, assignmentId, updatedAt };
  await workers.saveGrant(run.fact.workerId, step.packageKey, settled);
}
