import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { DurableClient } from 'durable-functions';
import { instanceId } from '../../shared/domain/keys';
import { HostUnavailable } from './hold-transient';

const DEADLINE_MS = 15_000;
/** Such an instance is there, but from an earlier start. */
const ENDED_BADLY: string[] = ['Failed', 'Terminated', 'Canceled'];

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
    if (!(await exists(client, id))) throw new HostUnavailable('the orchestration did not start');
  }
}

async function exists(client: DurableClient, id: string): Promise<boolean> {
  try {
    const { runtimeStatus } = await inTime(client.getStatus(id));
    return !ENDED_BADLY.includes(runtimeStatus);
  } catch {
    return false;
  }
}

/** The durable client waits for its host for ever; the message's lock does not. */
async function inTime<T>(call: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = wait(DEADLINE_MS, undefined, { signal: over.signal }).then(() => {
    throw new HostUnavailable('the host did not answer in time');
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    over.abort();
  }
}
