import { calls } from '../../orchestrations/calls';
import type { Later, Outcome } from '../../shared/domain/outcome';
import { StepOutcome } from '../../shared/domain/step-outcome';
import { asOutcome } from '../../shared/graph/classify';
import type { Parts } from '../parts';
import { registerActivity } from './activity';
import { marginOf, stepColumns, type StepTold } from './audit-columns';

/** Writes the settled row of a step, and confirms first what it is going to say of access that is there. */
export function registerSettleStep(parts: Parts): void {
  registerActivity(calls.settleStep, async (settled) => {
    const { verdict, chain, at, part, requestId, submittedAt, graphState, evidence } = settled;
    const confirmed = await confirm(parts, settled, verdict.outcome);
    if (confirmed.kind !== 'done') return { outcome: confirmed };
    const deliveredAt = verdict.outcome === 'delivered' ? (settled.completedAt ?? at) : undefined;
    const entry = {
      ...stepColumns(parts, settled),
      kind: 'settled',
      step: part,
      outcome: verdict.outcome,
      reason: verdict.reason,
      ...{ assignmentRequestId: requestId, assignmentId: confirmed.assignmentId },
      ...{ submittedAt, graphState, deliveredAt, ...evidence },
      ...(deliveredAt && { marginMinutes: marginOf(settled.run.fact.dueAt, deliveredAt) }),
    } as const;
    const { row, chain: end } = await parts.ledger.append(chain, entry, at);
    await settleGrant(parts, settled, row.outcome, row.assignmentId);
    // A row that was there already may tell of a package that became whole after all: this step ended as decided.
    const outcome = StepOutcome.catch(verdict.outcome).parse(row.outcome);
    return { chain: end, outcome: { kind: 'done', outcome, deliveredAt: row.deliveredAt } };
  });
}

/** Access that a row calls delivered or held must be visible as an active assignment. */
async function confirm(
  { graph }: Parts,
  { ids, targetId }: StepTold,
  outcome: StepOutcome,
): Promise<Outcome<{ assignmentId?: string | undefined }>> {
  if (!ids || (outcome !== 'delivered' && outcome !== 'already-held')) return { kind: 'done' };
  return asOutcome(async () => {
    const assignments = await graph.findAssignments(ids.accessPackageId, targetId);
    const active = assignments.find(({ phase }) => phase === 'delivered');
    return active ? { kind: 'done', assignmentId: active.id } : NOT_VISIBLE;
  });
}

const NOT_VISIBLE: Later = { kind: 'later', afterSeconds: 1, why: 'assignment-not-visible' };

async function settleGrant(
  { workers }: Parts,
  { run, step }: StepTold,
  outcome: string | undefined,
  assignmentId: string | undefined,
): Promise<void> {
  const grant = await workers.grant(run.fact.workerId, step.packageKey);
  if (grant?.instanceId !== run.instanceId || grant.state === 'settled') return;
  const updatedAt = new Date().toISOString();
  const settled = { ...grant, state: 'settled' as const, outcome, assignmentId, updatedAt };
  await workers.saveGrant(run.fact.workerId, step.packageKey, settled);
}
