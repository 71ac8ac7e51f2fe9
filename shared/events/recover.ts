import { randomUUID } from 'node:crypto';
import { instanceId } from '../domain/events/keys';
import { eventRunOf, runOf, type StoredClaim } from '../domain/workflow/claim';
import type { Waiting } from '../domain/workflow/workflow-state';
import type { Timeouts } from '../domain/workflow/timeouts';
import { traceOf, type Log } from '../log';
import { runs, type Claims } from '../storage/claims';
import { shards, type Due, type DueRow, type EventTask } from '../storage/due';
import type { Ledger } from '../storage/audit';
import type { RemovalBrakes } from '../storage/removals';
import type { Workers } from '../storage/workers';
import { closeAttempt, closeEvent, finishByRow, type Closing, type CloseServices } from './close';
import { isRunning, isTransient, type InstanceStatus, type RunHost } from './run-host';
import { readyToStart, startRun, withPerson } from './start';
import { checkRequest, type FollowServices } from './follow-requests';
import { wakePerson, type WakeServices } from './wake';

export type RecoverServices = CloseServices &
  WakeServices &
  FollowServices & {
    claims: Pick<Claims, 'read' | 'start' | 'reschedule'>;
    due: Pick<Due, 'schedule' | 'ready'>;
    ledger: Pick<Ledger, 'endOf'>;
    workers: Pick<Workers, 'addFact' | 'person'>;
    brakes: Pick<RemovalBrakes, 'open'>;
    config: { recovery: { delaySeconds: number }; timeouts: Timeouts };
  };

/** A pass ends before the timer starts the next one, which takes the remaining rows. */
const BUDGET_MS = 45_000;

/**
 * Does everything whose time in the `due` table has come: recovers events that are not closed, wakes people whose plan
 * changes, and reads requests that outlived their runs. Safe beside live runs and beside another pass.
 */
export async function recoverDueEvents(
  services: RecoverServices,
  host: Pick<RunHost, 'start' | 'status'>,
  log: Log,
): Promise<void> {
  const now = new Date().toISOString();
  const until = Date.now() + BUDGET_MS;
  let stalled = 0;
  const recover = async (row: DueRow): Promise<void> => {
    if (row.kind === 'wake') await wakePerson(services, host, row, log);
    else if (row.kind === 'request') await checkRequest(services, host, row, log);
    else if ((await recoverEvent(services, host, row, log)) === 'stalled') stalled += 1;
  };
  await Promise.all(
    shards.map((shard) => recoverRows(services.due.ready(shard, now), until, log, recover)),
  );
  if (stalled > 0) log({ what: 'stalled-events', count: stalled });
  // The run that trips a brake logs it too, and may end before it does.
  await unlessAway(log, async () => {
    for (const { id, trippedAt } of await services.brakes.open())
      log({ what: 'removal-brake-open', brake: id, trippedAt });
  });
}

/** One row after another. An unavailable store or host ends the shard's pass; a defect affects only its own row. */
const recoverRows = (
  rows: AsyncIterable<DueRow>,
  until: number,
  log: Log,
  recover: (row: DueRow) => Promise<void>,
): Promise<void> =>
  unlessAway(log, async () => {
    for await (const row of rows) {
      if (Date.now() > until) break;
      await recover(row).catch((error: unknown) => {
        if (isTransient(error)) throw error;
        log({
          what: 'defect',
          ...(row.kind === 'event' && { eventHash: row.eventHash }),
          ...traceOf(error),
        });
      });
    }
  });

async function unlessAway(log: Log, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isTransient(error)) throw error;
    log({ what: 'supervise-held', why: error.name });
  }
}

/**
 * Starts the event if its start was lost, closes it if its run is gone, or schedules the next check. Answers `stalled` for a
 * run that does not go on: nothing ends it, because only a person knows why it was suspended.
 */
export async function recoverEvent(
  services: RecoverServices,
  host: Pick<RunHost, 'start' | 'status'>,
  row: DueRow<EventTask>,
  log: Log,
): Promise<'stalled' | undefined> {
  const claim = await services.claims.read(row.eventHash);
  // A row that the claim does not name remains from an interrupted intake or recovery.
  if (!claim || claim.state === 'closed' || claim.due.key !== row.key) {
    await services.due.cancel(row);
    return undefined;
  }
  const { eventHash, attempt, state } = claim;
  const status = state === 'closing' ? 'Gone' : await host.status(instanceId(eventHash, attempt));
  if (isRunning(status)) {
    // The instance exists and its first activity has not run: the task hub is stuck, or has lost its message.
    if (state === 'claimed') log({ what: 'not-begun', eventHash, attempt, status });
    const isStalled = status === 'Suspended' || isOverdue(claim, services.config);
    if (isStalled) log({ what: 'stalled', eventHash, attempt, status });
    await scheduleNext(services, claim, isStalled);
    return isStalled ? 'stalled' : undefined;
  }
  if (state !== 'claimed' || ENDED_BADLY.includes(status)) {
    await close(services, claim, status, log);
    return undefined;
  }
  await readyToStart(services, eventHash, claim);
  await startRun(host, { eventHash, eventSource: claim.fact.eventSource }, attempt);
  log({ what: 'started-late', eventHash, attempt });
  await scheduleNext(services, claim);
  return undefined;
}

/**
 * Whether the run has neither ended nor gone on although its wait is over, or if it has recorded none, although all its
 * deadlines together have passed since it began.
 */
function isOverdue(
  { state, waiting, updatedAt }: StoredClaim,
  { recovery, timeouts }: RecoverServices['config'],
): boolean {
  // What is held goes on when a person decides.
  if (state !== 'started' || waiting?.for === 'held') return false;
  const { identity, approval, delivery, partialGrace, call } = timeouts;
  const all = identity + approval + delivery + partialGrace + call;
  const end = waiting?.until ? Date.parse(waiting.until) : Date.parse(updatedAt) + all * 1000;
  return Date.now() > end + recovery.delaySeconds * 1000;
}

/** For a claim that was not started: a person or a defect ended its run. With any other status its start was lost. */
const ENDED_BADLY: InstanceStatus[] = ['Failed', 'Terminated', 'Canceled'];

/** The time until the next check is the age of the event, at most this. */
const LONGEST_WAIT_MS = 3_600_000;

/** A run that waits for a date is looked at every day, and when its time has come. */
const untilOf = ({ until = '' }: Waiting, now: number): number =>
  Math.min(Date.parse(until) - now, 24 * LONGEST_WAIT_MS) || LONGEST_WAIT_MS;

async function scheduleNext(
  { due, claims, config }: RecoverServices,
  claim: StoredClaim,
  isStalled = false,
): Promise<void> {
  const now = Date.now();
  const age = now - Date.parse(claim.fact.receivedAt);
  const longest = claim.waiting?.for === 'parked' ? untilOf(claim.waiting, now) : LONGEST_WAIT_MS;
  const wait = Math.max(config.recovery.delaySeconds * 1000, Math.min(age, longest));
  const at = new Date(now + wait).toISOString();
  const place = await due.schedule(claim.eventHash, at, randomUUID());
  const moved = await claims.reschedule(
    claim,
    place,
    isStalled ? new Date(now).toISOString() : undefined,
  );
  await due.cancel(moved?.due.key === place.key ? claim.due : place);
}

/**
 * Closes an attempt whose run is gone, after its existing rows: as `failed` if a defect ended the run, else as
 * `terminated`. If its claim or its closing row has decided an end before, finishes that one.
 */
async function close(
  services: RecoverServices,
  found: StoredClaim,
  status: InstanceStatus,
  log: Log,
): Promise<void> {
  const { eventHash, attempt } = found;
  const at = new Date().toISOString();
  // A claim that was not started gets a token first; a late start of its run then fails to take over the attempt.
  const claim =
    found.token === undefined
      ? await services.claims.start({ eventHash, attempt, token: randomUUID() }, at)
      : found;
  if (claim?.token === undefined || !runs(claim, { eventHash, attempt, token: claim.token }))
    return;
  const { chain, closing } = await services.ledger.endOf(eventHash, attempt);
  if (closing && claim.state === 'started') {
    await finishByRow(
      services,
      { run: eventRunOf(claim, claim.token), at, row: closing, chain },
      log,
    );
    return;
  }
  const ending = {
    chain,
    at,
    outcome: status === 'Failed' ? ('failed' as const) : ('terminated' as const),
    reason: `instance-${status.toLowerCase()}`,
  };
  const result =
    claim.fact.workerId === undefined
      ? await closeEvent(services, { run: eventRunOf(claim, claim.token), ...ending }, log)
      : await closeAttempt(services, await closingOf(services, claim, claim.token, ending), log);
  // With `closing`, the run itself has decided the end: nothing ended it from outside.
  if (result === 'closed' && found.state !== 'closing')
    log({ what: 'closed-late', eventHash, attempt, status });
}

/** Of an event about a worker: under a lock of its own, whose fencing token is higher than any that was used before. */
const closingOf = async (
  { workers }: Pick<RecoverServices, 'workers'>,
  claim: StoredClaim,
  token: string,
  ending: Omit<Closing, 'run' | 'fencingToken'>,
): Promise<Closing> => ({
  ...ending,
  run: await withPerson({ workers }, runOf(claim, token)),
  fencingToken: Date.parse(ending.at),
  isUnplanned: true,
});
