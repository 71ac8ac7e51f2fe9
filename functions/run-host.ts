import { setTimeout as wait } from 'node:timers/promises';
import type { DurableClient } from 'durable-functions';
import { HostUnavailable, type RunHost } from '../shared/events/run-host';

const DEADLINE_MS = 15_000;
/** Errors of the client have no code. This is the text for an instance that the task hub does not know. */
const UNKNOWN_INSTANCE = 'Durable Functions extension replied with HTTP 404';

/** Runs attempts as instances of the orchestrations. */
export const runHost = (client: DurableClient): RunHost => ({
  start: async (instanceId, input, orchestration) => {
    await inTime(client.startNew(orchestration, { instanceId, input }));
  },
  status: async (instanceId) => {
    try {
      return (await inTime(client.getStatus(instanceId))).runtimeStatus;
    } catch (error) {
      if (error instanceof Error && error.message.includes(UNKNOWN_INSTANCE)) return 'Gone';
      throw new HostUnavailable('the status of an instance cannot be read');
    }
  },
  terminate: (instanceId, reason) => inTime(client.terminate(instanceId, reason)),
});

/** The durable client has no deadline, but the lock of the waiting message expires. */
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
