import { randomUUID } from 'node:crypto';
import type { DurableClient } from 'durable-functions';
import { instanceId } from '../../shared/domain/events/keys';
import { HostUnavailable, inTime, isUnderWay, statusOf } from './instance-status';

/** Starts the orchestration of one attempt, or finds that it was started. Throws HostUnavailable if neither is sure. */
export async function startRun(
  client: DurableClient,
  eventHash: string,
  attempt: number,
): Promise<void> {
  const id = instanceId(eventHash, attempt);
  try {
    // The token goes with the start, so that a turn which is executed again has the same one.
    const start = { instanceId: id, input: { eventHash, attempt, token: randomUUID() } };
    await inTime(client.startNew('accessChange', start));
  } catch {
    // The client's errors carry text only, so ask what there is instead of reading them.
    const status = await statusOf(client, id);
    if (!isUnderWay(status) && status !== 'Completed')
      throw new HostUnavailable('the orchestration did not start');
  }
}
