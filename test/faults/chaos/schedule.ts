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

/** Draws all faults of a run before it begins, so that the same seed gives the same schedule. */
export function scheduleOf(seconds: number, seed: number): Schedule {
  const chance = seeded(seed);
  const whole = seconds * 1000;
  // A short run must see as many faults as time allows, a long one also what grows between two.
  const gap = Math.min(5000, Math.max(1800, whole / 40));
  return {
    blows: times(whole, gap, chance).map((at) => ({ at, ...blow(chance) })),
    spells: times(whole, 2 * gap, chance).map((at) => ({ at, ...spell(chance, gap) })),
  };
}

function times(whole: number, gap: number, chance: Chance): number[] {
  const found: number[] = [];
  for (let at = gap / 2; at < whole; at += gap * (0.5 + chance.next())) found.push(Math.round(at));
  return found;
}

function blow(chance: Chance): Blow {
  const part = chance.pick<Blow['part']>(['host', 'host', 'service-bus']);
  const kind = chance.pick<Blow['kind']>(['kill', 'kill', 'kill', 'freeze']);
  const pauseMs = kind === 'kill' ? chance.between(0, 1000) : chance.between(500, 8000);
  return { part, kind, pauseMs };
}

function spell(chance: Chance, gap: number): Spell {
  const to = chance.pick<Dependency>(['bus', 'tables', 'graph']);
  const fault = chance.pick<Fault>([
    { kind: 'cut-before' },
    { kind: 'cut-after' },
    { kind: 'truncate' },
    { kind: 'gateway-page' },
    { kind: 'delay', ms: chance.between(200, 3000) },
  ]);
  return { to, fault, oneIn: chance.pick([1, 3, 10]), lastsMs: Math.round(gap * chance.next()) };
}
