import { loadApp } from '../local/functions-host/app/load-app';

/** The cost of loading the app in one process, until every function is registered. Milliseconds and megabytes. */
export type Load = {
  /** Number of functions that the app registered. */
  functions: number;
  /** CPU from the first line of the app to the end of its registration. */
  cpu: number;
  /** CPU of the whole process, including the start of Node. */
  processCpu: number;
  wall: number;
  rss: number;
};

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

async function main(appDir: string): Promise<Load> {
  const before = process.cpuUsage();
  const since = performance.now();
  const { registrations } = await loadApp(appDir, () => undefined);
  return {
    functions: registrations.functions.size,
    cpu: milliseconds(process.cpuUsage(before)),
    processCpu: milliseconds(process.cpuUsage()),
    wall: performance.now() - since,
    rss: process.memoryUsage.rss() / 1e6,
  };
}

main(process.argv[2] ?? '').then(
  (load) => console.log(JSON.stringify(load)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
