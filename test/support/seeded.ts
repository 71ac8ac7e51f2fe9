/** Random numbers that repeat: the same seed gives the same numbers on every machine. */
export type Random = {
  /** From 0 (inclusive) to 1 (exclusive). */
  next: () => number;
  /** A whole number from `low` to `high`, both inclusive. */
  between: (low: number, high: number) => number;
  pick: <T>(choices: readonly [T, ...T[]]) => T;
  shuffle: <T>(items: readonly T[]) => T[];
};

/** The generator "mulberry32": 32 bits of state, good enough to choose faults with. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    pick: (choices) => choices[between(0, choices.length - 1)] ?? choices[0],
    shuffle: (items) =>
      items
        .map((item) => ({ item, drawn: next() }))
        .toSorted((one, other) => one.drawn - other.drawn)
        .map(({ item }) => item),
  };
}

/** `count` random items (all if there are fewer), in their order. */
export function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  return items
    .map((item, at) => ({ item, at, drawn: random.next() }))
    .toSorted((one, other) => one.drawn - other.drawn)
    .slice(0, count)
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
