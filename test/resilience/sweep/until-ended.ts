import { setTimeout as wait } from 'node:timers/promises';
import type { Sent } from '../events';
import { readTable, type Row, type TableName } from '../evidence';
import { json } from '../invariants/rows';
import type { World } from '../world';

const END_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 50;

/** Asks until the answer is yes. Throws with what the parts printed last if that takes too long. */
export async function until(world: World, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const last = Date.now() + END_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > last) throw new Error(`no end:\n${world.log.slice(-40).join('\n')}`);
    await wait(LOOK_EVERY_MS);
  }
}

/**
 * Waits until nothing is left to do for an event: the claim is closed, its watch is over, the worker's turn was given
 * back, the queue is empty, and the run has ended, so that a host which starts after it makes no call for it.
 */
export function untilEnded(world: World, { eventHash, body }: Sent): Promise<void> {
  const { subject } = JSON.parse(body.toString()) as { subject: string };
  const read = (name: TableName, partition: string, key: string): Promise<Row[]> =>
    readTable(world.storage, name, `PartitionKey eq '${partition}' and RowKey eq '${key}'`);
  return until(world, async () => {
    const [claim] = await read('claims', eventHash, 'claim');
    if (claim?.['state'] !== 'closed') return false;
    const { partition = '', key = '' } = json<{ partition: string; key: string }>(claim, 'due');
    const watched = await read('due', partition, key);
    const [turn] = await read('workers', subject, 'turn');
    const isFree = watched.length === 0 && !turn?.['holder'];
    return isFree && (await hasRun(world, `${eventHash}-1`)) && (await world.isIdle());
  });
}

/** Asks the management API of the host, which is the same in Azure. */
async function hasRun({ hostUrl }: World, instanceId: string): Promise<boolean> {
  const answer = await fetch(
    `${hostUrl}/runtime/webhooks/durabletask/instances/${instanceId}?code=local`,
  );
  const { runtimeStatus } = (await answer.json()) as { runtimeStatus?: string };
  return runtimeStatus === 'Completed';
}
