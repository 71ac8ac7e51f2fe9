import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { StoreUnavailable } from '../shared/storage/storage-port';
import { logTo, type Log } from '../shared/log';
import { shards, type DueRow } from '../shared/storage/due';
import { traceOf } from './activities/activity';
import type { Services } from './services';
import { HostUnavailable } from './runs/instance-status';
import { lookAt } from './supervise/look-at';

/** One run of the timer ends before the next is due; what it did not come to is still there then. */
const BUDGET_MS = 45_000;

/** Looks after every event whose time in the `due` table has come. Two runs at once do no harm, and neither do live runs. */
export function registerSupervise(services: Services): void {
  df.app.client.timer('supervise', {
    schedule: services.config.supervise.schedule,
    handler: async (_: unknown, client: df.DurableClient, context: InvocationContext) => {
      const log = logTo((line) => context.log(line));
      const now = new Date().toISOString();
      const until = Date.now() + BUDGET_MS;
      const look = (row: DueRow) => lookAt(services, client, row, log);
      await Promise.all(
        shards.map(async (shard) => {
          await lookThrough(services.due.ready(shard, now), look, until, log);
        }),
      );
    },
  });
}

/** One row after another. Where store or host are away the rest of the shard waits; a defect stops nothing but its row. */
async function lookThrough(
  rows: AsyncIterable<DueRow>,
  look: (row: DueRow) => Promise<void>,
  until: number,
  log: Log,
): Promise<void> {
  try {
    for await (const row of rows) {
      if (Date.now() > until) break;
      await look(row).catch((error: unknown) => {
        if (isPassing(error)) throw error;
        log({ what: 'defect', eventHash: row.eventHash, ...traceOf(error) });
      });
    }
  } catch (error) {
    if (!isPassing(error)) throw error;
    log({ what: 'supervise-held', why: error.name });
  }
}

const isPassing = (error: unknown): error is Error =>
  error instanceof StoreUnavailable || error instanceof HostUnavailable;
