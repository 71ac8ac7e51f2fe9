import type { Dependency, Fault } from '../proxies/tap';
import { seeded, type Random } from '../../support/seeded';

/** A process is killed and started again after a pause, or stopped and continued after it. */
export type ProcessFault = {
  part: 'host' | 'service-bus';
  kind: 'kill' | 'freeze';
  pauseMs: number;
};

/** For a while, one in `oneIn` of the calls to a dependency fails. */
export type CallFault = { to: Dependency; fault: Fault; oneIn: number; lastsMs: number };

/** The faults of a run in order; `at` is milliseconds since its start. */
export type Schedule = {
  processFaults: (ProcessFault & { at: number })[];
  callFaults: (CallFault & { at: number })[];
};

type Target = Pick<ProcessFault, 'part' | 'kind'>;
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** Eight kills and two freezes; every ten process faults of a run are these in another order. */
const PROCESS_FAULTS: readonly Target[] = [
  ...times<Target>(5, { part: 'host', kind: 'kill' }),
  ...times<Target>(3, { part: 'service-bus', kind: 'kill' }),
  { part: 'host', kind: 'freeze' },
  { part: 'service-bus', kind: 'freeze' },
];

const FAULTS = [
  'cut-before',
  'cut-after',
  'truncate',
  'gateway-page',
  'login-page',
  'wrong-type',
  'delay',
] as const satisfies Fault['kind'][];
/** Every fault on every dependency. */
const CALL_FAULTS = (['bus', 'tables', 'graph'] as const).flatMap((to) =>
  FAULTS.map((kind) => ({ to, kind })),
);

/** Longer than the bus locks a message in these runs. */
const LONGEST_FREEZE_MS = 7000;

/**
 * Draws all faults of a run before it starts, so that the same seed gives the same schedule. A short run has as many as
 * time allows; a long one leaves time between two faults for a backlog to grow.
 */
export function scheduleOf(seconds: number, seed: number): Schedule {
  const random = seeded(seed);
  const gap = Math.min(5000, Math.max(1800, seconds * 25));
  return {
    processFaults: spread(PROCESS_FAULTS, seconds * 1000, gap, random).map(({ at, item }) => ({
      at,
      ...item,
      pauseMs:
        item.kind === 'kill' ? random.between(0, 1000) : random.between(500, LONGEST_FREEZE_MS),
    })),
    callFaults: spread(CALL_FAULTS, seconds * 1000, 2 * gap, random).map(({ at, item }) => ({
      at,
      to: item.to,
      fault:
        item.kind === 'delay'
          ? { kind: item.kind, ms: random.between(200, 3000) }
          : { kind: item.kind },
      oneIn: random.pick([1, 3, 10]),
      lastsMs: Math.round(gap * (0.25 + 0.75 * random.next())),
    })),
  };
}

/** One item per gap, at a random time in it, from a deck that is shuffled again when it is used up. */
function spread<T>(
  deck: readonly T[],
  totalMs: number,
  gapMs: number,
  random: Random,
): { at: number; item: T }[] {
  const count = Math.floor(totalMs / gapMs);
  const decks = times(Math.ceil(count / deck.length), deck).flatMap((one) => random.shuffle(one));
  return decks
    .slice(0, count)
    .map((item, n) => ({ item, at: Math.round((n + random.next()) * gapMs) }));
}
