import { startWallTimer } from '../../../clock/wall-timer';

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

/** Durable timers by instance and timer id. A timer never fires early, and fires soon if its time has passed. */
export function createTimers() {
  const cancels = new Map<string, Map<number, () => void>>();

  const clear = (instanceId: string): void => {
    for (const cancel of cancels.get(instanceId)?.values() ?? []) cancel();
    cancels.delete(instanceId);
  };
  return {
    arm(instanceId: string, timerId: number, due: number, fire: () => void): void {
      const own = cancels.get(instanceId) ?? new Map<number, () => void>();
      cancels.set(instanceId, own);
      const cancel = startWallTimer(due, () => {
        own.delete(timerId);
        fire();
      });
      own.set(timerId, cancel);
    },
    clear,
    clearAll(): void {
      for (const instanceId of [...cancels.keys()]) clear(instanceId);
    },
  };
}
