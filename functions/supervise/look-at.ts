import { randomUUID } from 'node:crypto';
import type { DurableClient } from 'durable-functions';
import { runOf, type StoredClaim } from '../../shared/domain/workflow/claim';
import { instanceId } from '../../shared/domain/events/keys';
import type { Log } from '../../shared/log';
import { runs } from '../../shared/storage/claims';
import type { DueRow } from '../../shared/storage/due';
import type { Services } from '../services';
import { closeAttempt, type Closing } from '../runs/close-attempt';
import { isUnderWay, statusOf, type InstanceStatus } from '../runs/instance-status';
import { startRun } from '../runs/start-run';

/** What goes on is looked at again after as long as it has gone on, but not more rarely than this. */
const LONGEST_WAIT_MS = 3_600_000;

/** Sees that one event comes to its end: starts it, closes it, or looks again later. */
export async function lookAt(
  services: Services,
  client: DurableClient,
  row: DueRow,
  log: Log,
): Promise<void> {
  const claim = await services.claims.read(row.eventHash);
  // A row that is not the claim's own place was left by somebody who was interrupted.
  if (!claim || claim.state === 'closed' || claim.due.key !== row.key)
    return services.due.forget(row);
  const { eventHash, attempt, state } = claim;
  if (state === 'closing') return close(services, claim, 'Gone', log);
  const status = await statusOf(client, instanceId(eventHash, attempt));
  if (isUnderWay(status)) {
    // Started this long ago and not begun: the task hub works on nothing, or has lost what would wake it.
    if (state === 'claimed') log({ what: 'not-begun', eventHash, attempt, status });
    return lookLater(services, claim);
  }
  if (state === 'started' || ENDED_BADLY.includes(status))
    return close(services, claim, status, log);
  await startRun(client, eventHash, attempt);
  log({ what: 'started-late', eventHash, attempt });
  return lookLater(services, claim);
}

/** Of an event that was not begun, these say that somebody or a defect has ended its run; else its start was lost. */
const ENDED_BADLY: InstanceStatus[] = ['Failed', 'Terminated', 'Canceled'];

async function lookLater({ due, claims, config }: Services, claim: StoredClaim): Promise<void> {
  const now = Date.now();
  const age = now - Date.parse(claim.fact.receivedAt);
  const wait = Math.max(config.supervise.lookAfterSeconds * 1000, Math.min(age, LONGEST_WAIT_MS));
  const lookAt = new Date(now + wait).toISOString();
  const place = await due.watch(claim.eventHash, lookAt, randomUUID());
  const moved = await claims.moveWatch(claim, place);
  await due.forget(moved?.due.key === place.key ? claim.due : place);
}

/**
 * Closes an attempt that has no run any more, behind the rows that stand: as `failed` if a defect ended it, else as
 * `terminated`. Where an end was decided before, that one is finished.
 */
async function close(
  services: Services,
  found: StoredClaim,
  status: InstanceStatus,
  log: Log,
): Promise<void> {
  const { eventHash, attempt } = found;
  const at = new Date().toISOString();
  const claim = found.token === undefined ? await begin(services, found, at) : found;
  if (claim?.token === undefined || !runs(claim, { eventHash, attempt, token: claim.token }))
    return;
  const closing: Closing = {
    run: runOf(claim, claim.token),
    // Later than any phase that a run or an earlier look has used.
    phase: Date.parse(at),
    chain: await services.ledger.endOf(eventHash, attempt),
    at,
    outcome: status === 'Failed' ? 'failed' : 'terminated',
    reason: `instance-${status.toLowerCase()}`,
  };
  const result = await closeAttempt(services, closing, log);
  // An end that the run itself had decided is none that somebody outside has made.
  if (result === 'closed' && found.state !== 'closing')
    log({ what: 'closed-late', eventHash, attempt, status });
}

/** A run that would begin now finds that its attempt is another's, and stops. */
const begin = ({ claims }: Services, { eventHash, attempt }: StoredClaim, at: string) =>
  claims.start({ eventHash, attempt, token: randomUUID() }, at);
