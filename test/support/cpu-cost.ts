/** Runs of one round. A round takes less than the tenths of a second for which other load slows the cores at a time. */
const ROUND = 100;
const MOST_ROUNDS = 20;

/**
 * CPU milliseconds of the fastest execution. What else the cores do makes an execution look dearer, never cheaper, so the
 * work is tried again, for `MOST_ROUNDS` at most, until one execution cost less than `below`.
 */
export function cpuMsOf(work: () => unknown, below: number): number {
  let least = Infinity;
  for (let round = 0; round < MOST_ROUNDS && least >= below; round += 1) {
    least = Math.min(least, fastestOf(work, ROUND));
  }
  return least;
}

/** CPU milliseconds of the fastest of `runs` executions. */
export function fastestOf(work: () => unknown, runs: number): number {
  const costs = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}
