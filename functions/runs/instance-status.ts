import { setTimeout as wait } from 'node:timers/promises';
import type { DurableClient, OrchestrationRuntimeStatus } from 'durable-functions';

const DEADLINE_MS = 15_000;
/** The client's errors are text only; this is its text for an instance that the task hub does not know. */
const UNKNOWN_INSTANCE = 'Durable Functions extension replied with HTTP 404';
const ENDED: string[] = ['Completed', 'Failed', 'Terminated', 'Canceled'];

/** The durable client could not reach its host; the text of its error is not ours to keep. */
export class HostUnavailable extends Error {
  override name = 'HostUnavailable';
}

export type InstanceStatus = `${OrchestrationRuntimeStatus}` | 'Gone';

/** What the task hub says of an instance. Throws HostUnavailable where it says nothing: that is not `Gone`. */
export async function statusOf(client: DurableClient, id: string): Promise<InstanceStatus> {
  try {
    return (await inTime(client.getStatus(id))).runtimeStatus;
  } catch (error) {
    if (error instanceof Error && error.message.includes(UNKNOWN_INSTANCE)) return 'Gone';
    throw new HostUnavailable('the status of an instance cannot be read');
  }
}

export const isUnderWay = (status: InstanceStatus): boolean =>
  status !== 'Gone' && !ENDED.includes(status);

/** The durable client waits for its host for ever; the message's lock does not. */
export async function inTime<T>(call: Promise<T>): Promise<T> {
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
