import type { ChainEnd, Run } from '../../shared/domain/workflow/run';
import type { Log } from '../../shared/log';
import type { Ending } from '../../shared/storage/claims';
import { marginOf, runColumns, writerColumns } from '../../shared/events/audit-context';
import { isOver, turnOf } from '../activities/turns';
import type { Services } from '../services';

/** `phase`: of the turn that is taken for it. `chain`: the end of the attempt's rows, as far as the closer knows. */
export type Closing = Ending & { run: Run; phase: number; chain: ChainEnd; at: string };

/**
 * Closes an attempt in a turn of its own, or finishes the closing that another has decided. `held`: another run has the
 * turn, or this phase is used up. `stale`: the attempt is over, or run by another. Safe to run any number of times.
 */
export async function closeAttempt(
  services: Services,
  { phase, ...closing }: Closing,
  log: Log,
): Promise<'closed' | 'held' | 'stale'> {
  const turn = turnOf(closing.run, phase);
  const taken = await services.turns.take(turn, isOver(services));
  if (taken === 'stale' && (await isOver(services)(turn.instanceId))) return 'stale';
  if (taken !== 'taken') return 'held';
  try {
    return await close(services, closing, log);
  } finally {
    await services.turns.release(turn);
  }
}

/** Claim to `closing`, the closing row, claim to `closed`: whoever is interrupted here leaves it to the next to finish. */
async function close(
  services: Services,
  { run, chain, at, ...ending }: Omit<Closing, 'phase'>,
  log: Log,
): Promise<'closed' | 'stale'> {
  const claim = await services.claims.beginClosing(run, { ...ending, chain }, at);
  if (claim?.token !== run.token || claim.attempt !== run.attempt) return 'stale';
  let { due } = claim;
  if (claim.state !== 'closed') {
    const { outcome, reason, targetId, deliveredAt } = claim;
    const entry = {
      ...runColumns(run),
      ...writerColumns(services),
      kind: 'closing',
      state: 'closed',
      outcome,
      reason,
      targetId,
      deliveredAt,
      ...(deliveredAt && { marginMinutes: marginOf(run.fact.dueAt, deliveredAt) }),
    } as const;
    const closed = await services.ledger.close(claim.chain ?? chain, entry, at);
    // Alerts read the logs, not the audit. Rather twice than never: whoever is interrupted here comes again.
    log({ what: 'closed', eventHash: run.eventHash, attempt: run.attempt, outcome, reason });
    const finished = await services.claims.finishClosing(run, closed.chain, at);
    due = finished?.due ?? due;
  }
  await services.due.forget(due);
  return 'closed';
}
