/** The CPU that one validation may take at 64 KiB, in milliseconds. */
export const MOST_CPU_MS = 5;

/** CPU milliseconds of the fastest of `runs` executions: what the work costs, without what the machine does besides. */
export function cpuOf(act: () => unknown, runs = 15): number {
  const costs = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}

export type Worst<Item> = { cpuMs: number; item: Item };

/**
 * Finds the item that costs most CPU. A single look is cheap and often disturbed, so what looks slower than the worst so
 * far is measured again, best of several, before it counts.
 */
export function watchCost<Item>(run: (item: Item) => unknown) {
  let worst: Worst<Item> | undefined;
  return {
    look: (item: Item, tookMs: number): void => {
      if (worst && tookMs <= worst.cpuMs) return;
      const cpuMs = cpuOf(() => run(item), 5);
      if (!worst || cpuMs > worst.cpuMs) worst = { cpuMs, item };
    },
    worst: (): Worst<Item> | undefined =>
      worst && { ...worst, cpuMs: cpuOf(() => run(worst?.item as Item)) },
  };
}
