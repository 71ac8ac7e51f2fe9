import { setTimeout as wait } from 'node:timers/promises';
import { joined, type Sent } from '../events';
import { gather, readTable, type Row, type TableName } from '../evidence';
import { violations } from '../invariants';
import { json } from '../invariants/rows';
import { tenantOf, workerId } from '../model';
import type { Call } from '../proxies/tap';
import { startWorld, type World } from '../world';
import type { Scenario } from './scenarios';

/** The host dies before the call leaves, or after it was done and before its answer arrives. */
export type CrashPoint = { call: Call; side: 'before' | 'after' };

/** A world for one kind of event, with the calls that such an event makes. */
export type Sweep = {
  calls: readonly Call[];
  /** Sends one event, kills the host there, starts it again, waits for the end and answers what is wrong. */
  crashAt: (point: CrashPoint) => Promise<string[]>;
  stop: () => Promise<void>;
};

/** More events than a sweep of one kind needs. */
const EVENTS = 300;
const END_WITHIN_MS = 90_000;

/** Short waits, and no lag, so that two events of a kind make the same calls; the lease of a catalog is two deadlines. */
const settings = {
  GRAPH_LAG_MS: '0',
  GRAPH_LAG: '100ms',
  GRAPH_DELIVERY_MS: '20',
  GRAPH_DEADLINE: '1500ms',
  POLL_SCHEDULE: '500ms',
  CALL_PATIENCE: '1m',
};

export const pointsOf = (calls: readonly Call[]): CrashPoint[] =>
  calls.flatMap((call) => [
    { call, side: 'before' },
    { call, side: 'after' },
  ]);

/** Starts a world, and records the calls of one event once an earlier one has opened all connections. */
export async function openSweep(scenario: Scenario): Promise<Sweep> {
  const world = await startWorld({
    env: { ...settings, GRAPH_DIALECT: scenario.dialect },
    files: { ACCESS_MODEL: scenario.model(EVENTS), GRAPH_TENANT: tenantOf(EVENTS) },
  });
  const sent: Sent[] = [];
  const send = async (): Promise<Sent> => {
    const n = sent.length;
    const attributes = { department: scenario.department(n) };
    const event = joined({ workerId: workerId(n), attributes });
    sent.push(event);
    await world.send([event]);
    return event;
  };
  const judge = async (): Promise<string[]> => {
    const evidence = await gather(world);
    const odd = evidence.tables.audit
      .filter(({ kind, outcome }) => kind === 'closing' && outcome !== 'delivered')
      .map(({ outcome, partitionKey }) => `ended as ${String(outcome)}: ${partitionKey}`);
    return [...violations(evidence, { sent }), ...odd];
  };

  try {
    await untilEnded(world, await send());
    world.tap.watch();
    await untilEnded(world, await send());
  } catch (error) {
    await world.stop();
    throw error;
  }
  const calls = world.tap.seen();
  return {
    calls,
    crashAt: async (point) => {
      const crash = arm(world, point);
      const event = await send();
      const reached = await Promise.race([crash, untilEnded(world, event).then(() => 'ended')]);
      world.tap.watch();
      if (reached === 'ended') return ['the event ended without this call', ...(await judge())];
      await world.gone('host');
      await world.start('host');
      await untilEnded(world, event);
      return judge();
    },
    stop: world.stop,
  };
}

/** Resolves when the host was killed at that call of the next event. */
function arm(world: World, { call, side }: CrashPoint): Promise<'crashed'> {
  return new Promise((resolve) => {
    const now = (): void => {
      world.signal('host', 'SIGKILL');
      resolve('crashed');
    };
    const kind = side === 'before' ? 'cut-before' : 'cut-after';
    world.tap.watch(({ n }) => (n === call.n ? { kind, now } : undefined));
  });
}

/** Waits until the claim is closed, its watch is over, the worker's turn was given back and the queue is empty. */
async function untilEnded(world: World, { eventHash, body }: Sent): Promise<void> {
  const { subject } = JSON.parse(body.toString()) as { subject: string };
  const read = (name: TableName, partition: string, key: string): Promise<Row[]> =>
    readTable(world.storage, name, `PartitionKey eq '${partition}' and RowKey eq '${key}'`);
  const until = Date.now() + END_WITHIN_MS;
  for (;;) {
    const [claim] = await read('claims', eventHash, 'claim');
    if (claim?.['state'] === 'closed') {
      const { partition = '', key = '' } = json<{ partition: string; key: string }>(claim, 'due');
      const watched = await read('due', partition, key);
      const [turn] = await read('workers', subject, 'turn');
      if (watched.length === 0 && !turn?.['holder'] && (await world.isIdle())) return;
    }
    if (Date.now() > until) throw new Error(`no end:\n${world.log.slice(-40).join('\n')}`);
    await wait(100);
  }
}
