import { calls } from '../../orchestrations/calls';
import type { Parts } from '../parts';
import { registerActivity } from './activity';
import { marginOf, runColumns, writerColumns } from './audit-columns';

/** Claim to `closing`, the closing row, claim to `closed`: whoever is interrupted here leaves it to the next to finish. */
export function registerCloseRun(parts: Parts): void {
  const { claims, ledger, due } = parts;
  registerActivity(calls.closeRun, async ({ run, chain, at, ...end }) => {
    const { outcome, reason, targetId, deliveredAt } = end;
    const claim = await claims.beginClosing(run, { outcome, reason, chain }, at);
    if (claim?.token !== run.token || claim.attempt !== run.attempt) {
      return { outcome: { kind: 'rejected', reason: 'stale' } };
    }
    if (claim.state !== 'closed') {
      const entry = {
        ...runColumns(run),
        ...writerColumns(parts),
        kind: 'closing',
        state: 'closed',
        outcome: claim.outcome,
        reason: claim.reason,
        targetId,
        deliveredAt,
        ...(deliveredAt && { marginMinutes: marginOf(run.fact.dueAt, deliveredAt) }),
      } as const;
      const closed = await ledger.close(claim.chain ?? chain, entry, at);
      await claims.finishClosing(run, closed.chain, at);
    }
    await due.forget(claim.due);
    return { outcome: { kind: 'done' } };
  });
}
