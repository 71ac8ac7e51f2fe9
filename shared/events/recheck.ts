import { randomUUID } from 'node:crypto';
import { RECHECK } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import { recheckMessage } from '../domain/events/operator-request';
import type { Recheck } from '../storage/removal-rows';
import type { RemovalBrakes } from '../storage/removals';
import type { Workers } from '../storage/workers';

type Stores = {
  workers: Pick<Workers, 'facts'>;
  brakes: Pick<RemovalBrakes, 'askRecheck'>;
};

/**
 * Asks the app to look at a person again: writes down who asks and why, then sends the id of the event that is to start.
 * Undefined if nothing was ever stated of the worker. Throws TooManyNumbers, and the errors of stores and queue.
 */
export async function requestRecheck(
  { workers, brakes }: Stores,
  send: (body: Uint8Array) => Promise<void>,
  { workerId, by, reason }: { workerId: string; by: string; reason: string },
  now: Date,
): Promise<Recheck | undefined> {
  const facts = await workers.facts(workerId);
  if (facts.length === 0) return undefined;
  const recheck = {
    id: `${workerId}@${randomUUID()}`,
    workerId,
    at: now.toISOString(),
    by,
    reason,
  };
  await brakes.askRecheck(eventHash(RECHECK, recheck.id), recheck);
  await send(recheckMessage(recheck.id, now));
  return recheck;
}
