import type { ChainEnd, EventRun, Run } from '../domain/workflow/run';
import type { Log } from '../log';
import { runs, type Claims, type Ending, type Execution } from '../storage/claims';
import type { Due } from '../storage/due';
import type { Ledger } from '../storage/audit';
import type { RemovalBrakes } from '../storage/removals';
import {
  acquireOnce,
  lockOf,
  personOf,
  type WorkerLock,
  type WorkerLocks,
} from '../storage/worker-locks';
import type { Workers } from '../storage/workers';
import { isNothingToPlan, planWake, type PlanWakeServices } from './wake';
import { marginOf, runColumns, writerColumns, type RowWriter } from './audit-context';

export type CloseServices = RowWriter &
  PlanWakeServices & {
    claims: Pick<Claims, 'read' | 'isOver' | 'beginClosing' | 'finishClosing'>;
    due: Pick<Due, 'add' | 'cancel'>;
    ledger: Pick<Ledger, 'close'>;
    workers: Pick<Workers, 'wakeOf'>;
    workerLocks: Pick<WorkerLocks, 'acquire' | 'release'>;
    brakes: Pick<RemovalBrakes, 'leaveEvent'>;
  };

/** `fencingToken`: of the worker lock under which it is closed. `chain`: the caller's last known end of the attempt's rows. */
export type Closing = Ending & {
  run: Run;
  fencingToken: number;
  chain: ChainEnd;
  at: string;
  /** The instant at which the last plan of the run changes. */
  next?: string | undefined;
  /** Whether no plan of the run tells: the next change is what was known before, which may come from a look in Graph. */
  isUnplanned?: boolean | undefined;
};

/**
 * Closes an attempt, or finishes an earlier closing that was interrupted. What is to happen later for the person is planned
 * under their lock, and without it if that is nothing. `held`: another run has the lock, or this fencing token was used before. `stale`: the attempt is closed, or another execution runs it. Idempotent.
 */
export async function closeAttempt(
  services: CloseServices,
  { fencingToken, next, isUnplanned, ...closing }: Closing,
  log: Log,
): Promise<'closed' | 'held' | 'stale'> {
  const { run, at, outcome: asked } = closing;
  const lock = lockOf(run, fencingToken);
  const planLater = async (isQuiet: boolean): Promise<'ready'> => {
    if (!isQuiet) await services.brakes.leaveEvent(personOf(run), run.eventHash);
    const known = isUnplanned ? (await services.workers.wakeOf(personOf(run)))?.at : undefined;
    await planWake(services, run, { at, next: next ?? known });
    return 'ready';
  };
  if (isDeliveredJoiner(run, asked) && (await isNothingToPlan(services, run, { at, next })))
    return closeEvent(services, closing, log, (outcome) =>
      isDeliveredJoiner(run, outcome)
        ? Promise.resolve('ready')
        : underLock(services, lock, () => planLater(false)),
    );
  return underLock(services, lock, () =>
    closeEvent(services, closing, log, (outcome) => planLater(isDeliveredJoiner(run, outcome))),
  );
}

/** The most frequent event. It takes nothing that it has not carried out. */
const isDeliveredJoiner = ({ fact }: Run, outcome: Ending['outcome'] | undefined): boolean =>
  fact.eventType === 'hr.worker.joined.v1' && outcome === 'delivered';

async function underLock<Result>(
  { claims, workerLocks }: CloseServices,
  lock: WorkerLock,
  act: () => Promise<Result>,
): Promise<Result | 'held' | 'stale'> {
  const acquired = await acquireOnce(workerLocks, lock, claims.isOver);
  if (acquired !== 'acquired') return acquired;
  try {
    return await act();
  } finally {
    await workerLocks.release(lock);
  }
}

/**
 * Claim to `closing`, the closing row, claim to `closed`: after an interruption, the next call continues from there. `before`:
 * what has to be done before the row, by the outcome that was decided. `stale`: the attempt is closed, or another runs it.
 */
export async function closeEvent(
  services: RowWriter & {
    claims: Pick<Claims, 'beginClosing' | 'finishClosing'>;
    due: Pick<Due, 'cancel'>;
    ledger: Pick<Ledger, 'close'>;
  },
  { run, chain, at, ...ending }: Ending & { run: EventRun; chain: ChainEnd; at: string },
  log: Log,
  before: (outcome: Ending['outcome'] | undefined) => Promise<'ready' | 'held' | 'stale'> = () =>
    Promise.resolve('ready'),
): Promise<'closed' | 'held' | 'stale'> {
  const { claims, due, ledger } = services;
  const claim = await claims.beginClosing(run, { ...ending, chain }, at);
  if (claim?.token !== run.token || claim.attempt !== run.attempt) return 'stale';
  let place = claim.due;
  if (claim.state !== 'closed') {
    const { outcome, reason, evidence, targetId, deliveredAt } = claim;
    const entry = {
      ...runColumns(run),
      ...writerColumns(services),
      kind: 'closing',
      state: 'closed',
      outcome,
      reason,
      ...evidence,
      targetId,
      deliveredAt,
      ...marginOf(run.fact, deliveredAt),
    } as const;
    const isReady = await before(outcome);
    if (isReady !== 'ready') return isReady;
    const closed = await ledger.close(claim.chain ?? chain, entry, at);
    // Alerts read the log, not the audit. Logged before the claim is closed, so that an interruption repeats the line and
    // never loses it.
    log({ what: 'closed', eventHash: run.eventHash, attempt: run.attempt, outcome, reason });
    const finished = await claims.finishClosing(run, closed.chain, at);
    place = finished?.due ?? place;
  }
  await due.cancel(place);
  return 'closed';
}

/** What is left of an attempt that an execution has closed before it died: its place among what is looked at later. */
export async function leaveClosed(
  { claims, due }: { claims: Pick<Claims, 'read'>; due: Pick<Due, 'cancel'> },
  execution: Execution,
): Promise<void> {
  const claim = await claims.read(execution.eventHash);
  if (claim?.state === 'closed' && runs(claim, execution)) await due.cancel(claim.due);
}
