/**
 * CPU milliseconds of the fastest of `runs` executions. Other load on the cores slows them for tenths of a second, so a
 * few runs alone would measure that load.
 */
export function cpuMsOf(work: () => unknown, runs = 100): number {
  const costs = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}
