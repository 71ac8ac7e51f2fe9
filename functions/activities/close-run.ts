import { calls } from '../../orchestrations/calls';
import type { ChainEnd, Run } from '../../shared/domain/run';
import type { Outcome } from '../../shared/domain/outcome';
import type { ClosingOutcome } from '../../shared/domain/step-outcome';
import type { Parts } from '../parts';
import { registerActivity } from './activity';
import { marginOf, runColumns, writerColumns } from './audit-columns';
import { isOver, turnOf } from './turns';

type Closing = {
  run: Run;
  chain: ChainEnd;
  at: string;
  outcome: ClosingOutcome;
  reason?: string | undefined;
  targetId?: string | undefined;
  deliveredAt?: string | undefined;
};

/** Closes the attempt in a turn of its own. A phase is used once, so whoever has to try again comes with the next. */
export function registerCloseRun(parts: Parts): void {
  registerActivity(calls.closeRun, async ({ phase, ...closing }) => {
    const { run } = closing;
    const turn = turnOf(run, phase);
    const taken = await parts.turns.take(turn, isOver(parts));
    if (taken === 'stale' && (await isOver(parts)(run.instanceId))) return { outcome: STALE };
    if (taken !== 'taken') return { outcome: { kind: 'later', afterSeconds: 1, why: 'turn-held' } };
    try {
      return { outcome: await close(parts, closing) };
    } finally {
      await parts.turns.release(turn);
    }
  });
}

const STALE = { kind: 'rejected', reason: 'stale' } as const;

/** Claim to `closing`, the closing row, claim to `closed`: whoever is interrupted here leaves it to the next to finish. */
async function close(parts: Parts, { run, chain, at, ...end }: Closing): Promise<Outcome> {
  const { outcome, reason, targetId, deliveredAt } = end;
  const claim = await parts.claims.beginClosing(run, { outcome, reason, chain }, at);
  if (claim?.token !== run.token || claim.attempt !== run.attempt) return STALE;
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
    const closed = await parts.ledger.close(claim.chain ?? chain, entry, at);
    await parts.claims.finishClosing(run, closed.chain, at);
  }
  await parts.due.forget(claim.due);
  return { kind: 'done' };
}
