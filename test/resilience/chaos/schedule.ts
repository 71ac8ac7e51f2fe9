import type { Dependency, Fault } from '../proxies/tap';
import { seeded, type Chance } from '../seeded';

/** What is done to a process: killed and started again after a pause, or stopped and continued after it. */
export type Blow = { part: 'host' | 'service-bus'; kind: 'kill' | 'freeze'; pauseMs: number };

/** What happens to some of the calls to one dependency for a while: one in `oneIn` of them. */
export type Spell = { to: Dependency; fault: Fault; oneIn: number; lastsMs: number };

/** The faults of a run: times are milliseconds since its begin, in order. */
export type Schedule = {
  blows: (Blow & { at: number })[];
  spells: (Spell & { at: number })[];
};

type Target = Pick<Blow, 'part' | 'kind'>;
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** Ten blows of which eight kill; each ten of a run are these in another order. */
const BLOWS: readonly Target[] = [
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
const SPELLS = (['bus', 'tables', 'graph'] as const).flatMap((to) =>
  FAULTS.map((kind) => ({ to, kind })),
);

/** Longer than the bus locks a message in these runs. */
const LONGEST_FREEZE_MS = 7000;

/**
 * Draws all faults of a run before it begins, so that the same seed gives the same schedule. A short run is struck as
 * often as time allows, a long one so rarely that something grows between two blows.
 */
export function scheduleOf(seconds: number, seed: number): Schedule {
  const chance = seeded(seed);
  const gap = Math.min(5000, Math.max(1800, seconds * 25));
  return {
    blows: dealt(BLOWS, seconds * 1000, gap, chance).map(({ at, item }) => ({
      at,
      ...item,
      pauseMs:
        item.kind === 'kill' ? chance.between(0, 1000) : chance.between(500, LONGEST_FREEZE_MS),
    })),
    spells: dealt(SPELLS, seconds * 1000, 2 * gap, chance).map(({ at, item }) => ({
      at,
      to: item.to,
      fault:
        item.kind === 'delay'
          ? { kind: item.kind, ms: chance.between(200, 3000) }
          : { kind: item.kind },
      oneIn: chance.pick([1, 3, 10]),
      lastsMs: Math.round(gap * (0.25 + 0.75 * chance.next())),
    })),
  };
}

/** One item per gap, somewhere in it, from a deck that is shuffled anew when it is used up. */
function dealt<T>(
  deck: readonly T[],
  wholeMs: number,
  gapMs: number,
  chance: Chance,
): { at: number; item: T }[] {
  const count = Math.floor(wholeMs / gapMs);
  const decks = times(Math.ceil(count / deck.length), deck).flatMap((one) => chance.shuffle(one));
  return decks
    .slice(0, count)
    .map((item, n) => ({ item, at: Math.round((n + chance.next()) * gapMs) }));
}
