import { randomUUID } from 'node:crypto';
import { RECHECK } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import { recheckMessage } from '../domain/events/operator-request';
import type { Permit } from '../domain/lifecycle/gate';
import type { Recheck } from '../storage/removal-rows';
import type { RemovalBrakes } from '../storage/removals';
import type { Workers } from '../storage/workers';

type Stores = {
  workers: Pick<Workers, 'person'>;
  brakes: Pick<RemovalBrakes, 'askRecheck'>;
};

/**
 * Asks the app to look at a person again: writes down who asks and why, then sends the id of the event that is to start.
 * With a permit the event does nothing else, and its id depends on the run of the permit and the person alone: asked again,
 * it is the same event with the permit that was written first. Answers what is written down, undefined if nothing was ever
 * stated of the worker. Throws TooManyNumbers, and the errors of stores and queue.
 */
export async function requestRecheck(
  { workers, brakes }: Stores,
  send: (body: Uint8Array) => Promise<void>,
  {
    workerId,
    by,
    reason,
    permit,
  }: { workerId: string; by: string; reason: string; permit?: Permit },
  now: Date,
): Promise<Recheck | undefined> {
  const { root, facts } = await workers.person(workerId);
  if (facts.length === 0) return undefined;
  const who = permit ? root : workerId;
  const id = `${who}@${permit?.run ?? randomUUID()}`;
  const asked = { id, workerId: who, at: now.toISOString(), by, reason, permit };
  const recheck = await brakes.askRecheck(eventHash(RECHECK, id), asked);
  await send(recheckMessage(id, now));
  return recheck;
}
