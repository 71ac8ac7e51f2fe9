/** CPU milliseconds of the fastest of `runs` executions, which other load on the machine affects least. */
export function cpuMsOf(work: () => unknown, runs = 15): number {
  const costs = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}
