import { isDeepStrictEqual } from 'node:util';
import { joined, type Sent } from '../events';
import { gather } from '../evidence';
import { violations } from '../invariants';
import { tenantOf, workerId } from '../model';
import { startWorld, type World } from '../world';
import { named, nameOf, textOf, type CrashPoint, type NamedCall } from './crash-points';
import type { Scenario } from './scenarios';
import { until, untilEnded } from './until-ended';

/** What came of a kill: whether its point was reached at all, and what was wrong after the restart. */
export type Crash = { isHit: boolean; faults: string[] };

/** A world for one kind of event. Each event meets a host that was started for it, so that all meet the same. */
export type Sweep = {
  /** The calls of one event, as two events after each other have made them. */
  record: () => Promise<NamedCall[]>;
  /** Sends one event, kills the host there, starts it again, waits for the end and looks for what is wrong. */
  crashAt: (point: CrashPoint) => Promise<Crash>;
  stop: () => Promise<void>;
};

/** More events than a sweep of one kind needs. */
const EVENTS = 400;
/** A busy machine polls once more or less: a call that one event did not make is looked for in the next ones. */
const EVENTS_PER_POINT = 3;
const RECORDINGS = 6;

/**
 * Short waits, and no lag, so that two events of a kind make the same calls; the lease of a catalog is two deadlines. The
 * supervisor reads tables at times of its own, so it does not run: what comes to its end here does so without it.
 */
const settings = {
  GRAPH_LAG_MS: '0',
  GRAPH_LAG: '100ms',
  GRAPH_DELIVERY_MS: '20',
  GRAPH_DEADLINE: '1500ms',
  POLL_SCHEDULE: '500ms',
  CALL_PATIENCE: '1m',
  SUPERVISE_SCHEDULE: '0 0 0 29 2 *',
};

/** Starts a world, and lets one event end in it, which makes what all others of its kind find. */
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
  try {
    await untilEnded(world, await send());
  } catch (error) {
    await world.stop();
    throw error;
  }
  const callsOfOne = async (): Promise<NamedCall[]> => {
    await renewHost(world);
    world.tap.watch();
    await untilEnded(world, await send());
    return named(world.tap.seen());
  };

  const crashOnce = async (point: CrashPoint): Promise<Crash> => {
    await renewHost(world);
    const crash = arm(world, point);
    const event = await send();
    const ended = untilEnded(world, event);
    // Once the host is dead this one finds nobody to ask.
    ended.catch(() => undefined);
    const isHit = await Promise.race([crash.then(() => true), ended.then(() => false)]);
    world.tap.watch();
    if (isHit) {
      await world.gone('host');
      await world.start('host');
      await untilEnded(world, event);
    }
    return { isHit, faults: await judge(world, sent) };
  };

  return {
    record: () => recordTwice(callsOfOne),
    crashAt: async (point) => {
      for (let left = EVENTS_PER_POINT; left > 0; left -= 1) {
        const crash = await crashOnce(point);
        if (crash.isHit || crash.faults.length > 0) return crash;
      }
      const missed = `never reached: ${EVENTS_PER_POINT} events ended without ${textOf(point)}`;
      return { isHit: false, faults: [missed] };
    },
    stop: world.stop,
  };
}

/** Ends the host in order and starts it; resolves when it has shown its token to the bus, and so is about to listen. */
async function renewHost(world: World): Promise<void> {
  world.signal('host', 'SIGTERM');
  await world.gone('host');
  world.tap.watch();
  await world.start('host');
  await until(world, () => world.tap.seen().some(({ what }) => what === 'authorize'));
}

/** Resolves when the host was killed at that call of the next event. */
function arm(world: World, { to, name, nth, side }: CrashPoint): Promise<void> {
  return new Promise((resolve) => {
    const now = (): void => {
      world.signal('host', 'SIGKILL');
      resolve();
    };
    let seen = 0;
    world.tap.watch((call) => {
      if (call.to !== to || nameOf(call) !== name || (seen += 1) !== nth) return undefined;
      return { kind: side === 'before' ? 'cut-before' : 'cut-after', now };
    });
  });
}

async function recordTwice(callsOfOne: () => Promise<NamedCall[]>): Promise<NamedCall[]> {
  const texts = (calls: readonly NamedCall[]): string[] => calls.map(textOf).toSorted();
  let before = await callsOfOne();
  for (let left = RECORDINGS - 1; left > 0; left -= 1) {
    const calls = await callsOfOne();
    if (isDeepStrictEqual(texts(calls), texts(before))) return calls;
    before = calls;
  }
  throw new Error(
    `${RECORDINGS} events of one kind, and no two after each other made the same calls`,
  );
}

async function judge(world: World, sent: readonly Sent[]): Promise<string[]> {
  const evidence = await gather(world);
  const odd = evidence.tables.audit
    .filter(({ kind, outcome }) => kind === 'closing' && outcome !== 'delivered')
    .map(({ outcome, partitionKey }) => `ended as ${String(outcome)}: ${partitionKey}`);
  return [...violations(evidence, { sent }), ...odd];
}
