/** A read of one object by its id, or of a collection. Collections lag longer. */
export type Reading = 'one' | 'many';

/** When a version of an object was written, and its number among all writes. */
export type Stamp = { at: number; number: number };

/** What one call sees: a replica at a moment. */
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

/** The same replica, but for what was written in the last `byMs`. */
export const behind = (view: View, byMs: number, now: number): View => ({
  sees: (stamp, reading) => stamp.at + byMs <= now && view.sees(stamp, reading),
});

/**
 * A number in [0, 1) that depends on nothing but its inputs, so that a run repeats from its seed. The mixing is
 * MurmurHash3's 32-bit finaliser applied to each part.
 */
export function chance(seed: number, ...parts: readonly number[]): number {
  let mixed = mix(seed | 0);
  for (const part of parts) mixed = mix(mixed ^ mix(part | 0) ^ 0x9e3779b9);
  return mixed / 2 ** 32;
}

function mix(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
