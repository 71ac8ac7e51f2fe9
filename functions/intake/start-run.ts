import type { DurableClient } from 'durable-functions';
import { instanceId } from '../../shared/domain/keys';
import { HostUnavailable } from './hold-transient';

/** Starts the orchestration of one attempt, or finds that it was started. Throws HostUnavailable if neither is sure. */
export async function startRun(
  client: DurableClient,
  eventHash: string,
  attempt: number,
): Promise<void> {
  const id = instanceId(eventHash, attempt);
  try {
    await client.startNew('accessChange', { instanceId: id, input: { eventHash, attempt } });
  } catch {
    // The client's errors carry text only, so ask what there is instead of reading them.
    if (!(await exists(client, id))) throw new HostUnavailable('the orchestration did not start');
  }
}

async function exists(client: DurableClient, id: string): Promise<boolean> {
  try {
    return Boolean(await client.getStatus(id));
  } catch {
    return false;
  }
}
