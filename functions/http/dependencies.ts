import type { DurableClient } from 'durable-functions';
import { StoreUnavailable } from '../../shared/storage/storage-port';
import { asOutcome } from '../../shared/graph/classify';
import type { Services } from '../services';
import { HostUnavailable, statusOf } from '../runs/instance-status';
import { accepts } from './accepts';

/** An event and a worker that nobody has: asking for them costs a read and tells nothing. */
const NO_EVENT = '0'.repeat(64);
const NO_WORKER = 'readiness-of-joinery';

/** One question to each dependency, the cheapest that only a working one can answer: `ok`, or the code of its trouble. */
export function dependencies(
  services: Services,
  client: DurableClient,
): Record<string, () => Promise<string>> {
  const { claims, ledger, graph, config } = services;
  return {
    accessModel: () => Promise.resolve(isLoaded(services) ? 'ok' : 'not-loaded'),
    records: () => told(claims.read(NO_EVENT)),
    audit: () => told(ledger.endOf(NO_EVENT, 1)),
    taskHub: () => told(statusOf(client, NO_EVENT)),
    // With it the identity is proven, and the one permission that no run can do without.
    graph: async () => {
      const asked = await asOutcome(async () => {
        await graph.findUsers(config.matchAttribute, NO_WORKER);
        return { kind: 'done' };
      });
      if (asked.kind === 'done') return 'ok';
      return asked.kind === 'rejected' ? asked.reason : asked.why;
    },
    /**
     * Only the host holds the connection to the queue. What the app can find out by itself, without rights of its own,
     * is whether the namespace takes connections at all.
     */
    queue: async () => {
      if (!config.bus) return 'not-configured';
      return (await accepts(config.bus)) ? 'ok' : 'unreachable';
    },
  };
}

function isLoaded({ model }: Services): boolean {
  try {
    model();
    return true;
  } catch {
    return false;
  }
}

async function told(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'ok';
  } catch (error) {
    if (error instanceof StoreUnavailable) return 'store-unavailable';
    if (error instanceof HostUnavailable) return 'host-unavailable';
    throw error;
  }
}
