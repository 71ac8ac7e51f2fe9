import { randomUUID } from 'node:crypto';
import { instanceId } from '../domain/events/keys';
import { runOf } from '../domain/workflow/claim';
import type { Run } from '../domain/workflow/run';
import { runs, type Claims, type Execution } from '../storage/claims';
import type { Workers } from '../storage/workers';
import { HostUnavailable, isRunning, type RunHost } from './run-host';

/** Starts the orchestration of one attempt unless it runs already. Throws HostUnavailable if neither can be confirmed. */
export async function startRun(
  host: Pick<RunHost, 'start' | 'status'>,
  eventHash: string,
  attempt: number,
): Promise<void> {
  const id = instanceId(eventHash, attempt);
  try {
    // The token is part of the input, so that every replay of the orchestration has the same one.
    await host.start(id, { eventHash, attempt, token: randomUUID() });
  } catch {
    // A start may succeed although its answer is lost, so the status decides.
    const status = await host.status(id);
    if (!isRunning(status) && status !== 'Completed')
      throw new HostUnavailable('the orchestration did not start');
  }
}

/**
 * Makes this execution the run of its attempt and copies the event's fact to its worker. Undefined when the attempt is
 * closed, is not the current one, or is run by another execution: a late or doubled start does nothing.
 */
export async function startAttempt(
  { claims, workers }: { claims: Pick<Claims, 'start'>; workers: Pick<Workers, 'addFact'> },
  execution: Execution & { version?: number | undefined },
): Promise<Run | undefined> {
  const claim = await claims.start(execution, new Date().toISOString());
  if (claim?.state !== 'started' || !runs(claim, execution)) return undefined;
  const { eventHash, attempt, fact, endDate, attributes } = claim;
  const { employmentId, sequence, startDate, timeZone, occurredAt } = fact;
  await workers.addFact(fact.workerId, {
    ...{ eventHash, attempt, employmentId, sequence, startDate, endDate, timeZone, occurredAt },
    attributes,
  });
  return runOf(claim, execution.token);
}
