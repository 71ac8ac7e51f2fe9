/** Runs tasks in the order given, at most `limit` at a time. `task` must not reject. */
export function createPool(limit: number) {
  const queued = new Set<() => Promise<void>>();
  let running = 0;
  let idle: (() => void) | undefined;
  let stopped = false;

  const pump = (): void => {
    for (const task of queued) {
      if (stopped || running >= limit) return;
      queued.delete(task);
      running += 1;
      void task().finally(() => {
        running -= 1;
        if (running === 0) idle?.();
        pump();
      });
    }
  };
  return {
    add(task: () => Promise<void>): void {
      queued.add(task);
      pump();
    },
    /** Starts nothing more and resolves when nothing runs. */
    async stop(): Promise<void> {
      stopped = true;
      if (running > 0) await new Promise<void>((resolve) => (idle = resolve));
    },
  };
}

export type Pool = ReturnType<typeof createPool>;

/** The maximum of setTimeout, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Durable timers by instance and timer id. A timer never fires early, and fires at once if its time has passed. */
export function createTimers() {
  const timers = new Map<string, Map<number, NodeJS.Timeout>>();

  const clear = (instanceId: string): void => {
    for (const timer of timers.get(instanceId)?.values() ?? []) clearTimeout(timer);
    timers.delete(instanceId);
  };
  return {
    arm(instanceId: string, timerId: number, due: number, fire: () => void): void {
      const own = timers.get(instanceId) ?? new Map<number, NodeJS.Timeout>();
      timers.set(instanceId, own);
      const wait = (): void => {
        const left = due - Date.now();
        if (left > 0) {
          own.set(timerId, setTimeout(wait, Math.min(left, LONGEST)));
          return;
        }
        own.delete(timerId);
        fire();
      };
      wait();
    },
    clear,
    clearAll(): void {
      for (const instanceId of [...timers.keys()]) clear(instanceId);
    },
  };
}
