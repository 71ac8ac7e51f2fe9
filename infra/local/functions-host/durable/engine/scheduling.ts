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

/** The longest that setTimeout can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Alarms by instance and timer id. An alarm never rings early, and rings at once when its time is past. */
export function createTimers() {
  const alarms = new Map<string, Map<number, NodeJS.Timeout>>();

  const clear = (instanceId: string): void => {
    for (const alarm of alarms.get(instanceId)?.values() ?? []) clearTimeout(alarm);
    alarms.delete(instanceId);
  };
  return {
    arm(instanceId: string, timerId: number, due: number, ring: () => void): void {
      const own = alarms.get(instanceId) ?? new Map<number, NodeJS.Timeout>();
      alarms.set(instanceId, own);
      const wait = (): void => {
        const left = due - Date.now();
        if (left > 0) {
          own.set(timerId, setTimeout(wait, Math.min(left, LONGEST)));
          return;
        }
        own.delete(timerId);
        ring();
      };
      wait();
    },
    clear,
    clearAll(): void {
      for (const instanceId of [...alarms.keys()]) clear(instanceId);
    },
  };
}
