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
