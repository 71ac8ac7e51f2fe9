import { chance } from '../seeded-random';

/** How something is read: one object by its id, or a collection. Collections lag longer than single objects. */
export type Reading = 'one' | 'many';

/** When a version of an object was written, and its number among all writes. */
export type Stamp = { at: number; number: number };

/** What one call sees: a replica of the directory at a moment. */
export type View = { sees: (stamp: Stamp, reading: Reading) => boolean };

const replicas = 3;

/**
 * Replica lag as https://learn.microsoft.com/graph/best-practices-concept describes eventual consistency: each of three
 * replicas learns of each write after a delay of its own (up to half of `lagMs` for a read by id, up to `lagMs` for a
 * collection), and each call is answered by one of them. Both choices follow from the seed, the number of the call and
 * the number of the write alone.
 */
export function viewOf(seed: number, lagMs: number, call: number, now: number): View {
  const replica = Math.floor(chance(seed, call) * replicas);
  return {
    sees: ({ at, number }, reading) => {
      if (at + lagMs <= now) return true;
      const one = chance(seed, number, replica, 1) * (lagMs / 2);
      const more = reading === 'many' ? chance(seed, number, replica, 2) * (lagMs / 2) : 0;
      return at + one + more <= now;
    },
  };
}
