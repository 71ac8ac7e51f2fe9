import type { AuditRow } from '../domain/workflow/audit-entry';
import { Evidence } from '../domain/workflow/outcome';
import type { ChainEnd, EventRun, Run } from '../domain/workflow/run';
import { ClosingOutcome } from '../domain/workflow/step-outcome';
import type { Log } from '../log';
import { runs, type Claims, type Ending, type Execution } from '../storage/claims';
import type { Due } from '../storage/due';
import type { Holdings } from '../storage/holdings';
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
    workerLocks: Pick<WorkerLocks, 'acquire' | 'release' | 'forget'>;
    holdings: Pick<Holdings, 'forget'>;
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
  closing: Closing,
  log: Log,
): Promise<'closed' | 'held' | 'stale'> {
  const closed = await closeWithPlan(services, closing, log);
  // Most people have no other event soon, and of many who join at once nothing is to be left in memory.
  if (closed === 'closed') {
    services.workerLocks.forget(personOf(closing.run));
    services.holdings.forget(personOf(closing.run));
  }
  return closed;
}

async function closeWithPlan(
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
    return closeByRow(services, closing, log);
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
  services: ClosingServices,
  { run, chain, at, ...ending }: EventClosing,
  log: Log,
  before: (outcome: Ending['outcome'] | undefined) => Promise<'ready' | 'held' | 'stale'> = () =>
    Promise.resolve('ready'),
): Promise<'closed' | 'held' | 'stale'> {
  const claim = await services.claims.beginClosing(run, { ...ending, chain }, at);
  if (claim?.token !== run.token || claim.attempt !== run.attempt) return 'stale';
  if (claim.state === 'closed') {
    await services.due.cancel(claim.due);
    return 'closed';
  }
  const { outcome = ending.outcome, reason, evidence, targetId, deliveredAt } = claim;
  const isReady = await before(outcome);
  if (isReady !== 'ready') return isReady;
  const decided = { outcome, reason, evidence, targetId, deliveredAt };
  return closeByRow(services, { run, chain: claim.chain ?? chain, at, ...decided }, log);
}

type ClosingServices = RowWriter & {
  claims: Pick<Claims, 'beginClosing' | 'finishClosing'>;
  due: Pick<Due, 'cancel'>;
  ledger: Pick<Ledger, 'close'>;
};
type EventClosing = Ending & { run: EventRun; chain: ChainEnd; at: string };

/** The closing row, which decides how the attempt ends, then the claim to `closed`. */
async function closeByRow(
  services: ClosingServices,
  { run, chain, at, ...ending }: EventClosing,
  log: Log,
): Promise<'closed' | 'stale'> {
  const { outcome, reason, evidence, targetId, deliveredAt } = ending;
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
  const closed = await services.ledger.close(chain, entry, at);
  return finishByRow(services, { run, at, ...closed }, log);
}

/** Closes the claim as the closing row says. */
export async function finishByRow(
  { claims, due }: Pick<ClosingServices, 'claims' | 'due'>,
  { run, at, row, chain }: { run: EventRun; at: string; row: AuditRow; chain: ChainEnd },
  log: Log,
): Promise<'closed' | 'stale'> {
  const { reason, targetId, deliveredAt } = row;
  const outcome = ClosingOutcome.parse(row.outcome);
  const evidence = Evidence.parse(row);
  const hasEvidence = Object.keys(evidence).length > 0;
  const end = { outcome, reason, targetId, deliveredAt, ...(hasEvidence && { evidence }), chain };
  // Alerts read the log, not the audit. Logged before the claim is closed, so that an interruption repeats the line and
  // never loses it.
  log({ what: 'closed', eventHash: run.eventHash, attempt: run.attempt, outcome, reason });
  const claim = await claims.finishClosing(run, end, at);
  if (claim?.token !== run.token || claim.attempt !== run.attempt) return 'stale';
  await due.cancel(claim.due);
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
