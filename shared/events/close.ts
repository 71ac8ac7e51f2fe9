import type { ChainEnd, Run } from '../domain/workflow/run';
import type { Log } from '../log';
import type { Claims, Ending } from '../storage/claims';
import type { Due } from '../storage/due';
import type { Ledger } from '../storage/ledger';
import type { Turns } from '../storage/turns';
import { marginOf, runColumns, writerColumns, type RowWriter } from './audit-context';

export type CloseServices = RowWriter & {
  claims: Pick<Claims, 'isOver' | 'beginClosing' | 'finishClosing'>;
  due: Pick<Due, 'forget'>;
  ledger: Pick<Ledger, 'close'>;
  turns: Pick<Turns, 'take' | 'release'>;
};

/** `phase`: of the turn that is taken to close. `chain`: the end of the attempt's rows, as far as the caller knows. */
export type Closing = Ending & { run: Run; phase: number; chain: ChainEnd; at: string };

/**
 * Closes an attempt under the worker's turn, or finishes a closing that was begun before. `held`: another run has the
 * turn, or this phase was used before. `stale`: the attempt is closed, or another execution runs it. Idempotent.
 */
export async function closeAttempt(
  services: CloseServices,
  { phase, ...closing }: Closing,
  log: Log,
): Promise<'closed' | 'held' | 'stale'> {
  const { claims, turns } = services;
  const turn = turnOf(closing.run, phase);
  const taken = await turns.take(turn, claims.isOver);
  if (taken === 'stale' && (await claims.isOver(turn.instanceId))) return 'stale';
  if (taken !== 'taken') return 'held';
  try {
    return await close(services, closing, log);
  } finally {
    await turns.release(turn);
  }
}

export const turnOf = ({ fact, instanceId }: Run, phase: number) => ({
  workerId: fact.workerId,
  instanceId,
  phase,
});

/** Claim to `closing`, the closing row, claim to `closed`: after an interruption, the next call continues from there. */
async function close(
  services: CloseServices,
  { run, chain, at, ...ending }: Omit<Closing, 'phase'>,
  log: Log,
): Promise<'closed' | 'stale'> {
  const { claims, due, ledger } = services;
  const claim = await claims.beginClosing(run, { ...ending, chain }, at);
  if (claim?.token !== run.token || claim.attempt !== run.attempt) return 'stale';
  let place = claim.due;
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
    const closed = await ledger.close(claim.chain ?? chain, entry, at);
    // Alerts read the log, not the audit. Logged before the claim is closed, so that an interruption repeats the line and
    // never loses it.
    log({ what: 'closed', eventHash: run.eventHash, attempt: run.attempt, outcome, reason });
    const finished = await claims.finishClosing(run, closed.chain, at);
    place = finished?.due ?? place;
  }
  await due.forget(place);
  return 'closed';
}
