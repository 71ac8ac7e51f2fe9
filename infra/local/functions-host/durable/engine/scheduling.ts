import { startWallTimer } from '../../../clock/wall-timer';
import type { Instance } from '../store/state';

/** Runs tasks in the order given, at most `limit` at a time. One that rejects ends the process. */
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

/** A timer of an instance, due at an instant in milliseconds since 1970. `fireAt`: as its history has it. */
export type DurableTimer = { instance: Instance; timerId: number; due: number; fireAt: string };

/**
 * Durable timers. One never fires early, and fires soon if its time has passed. Thousands of instances may wait, so only the
 * soonest has a timer of the process.
 */
export function createTimers(fire: (timer: DurableTimer) => void) {
  /** The soonest is the last. */
  let waiting: DurableTimer[] = [];
  let armed: { due: number; cancel: () => void } | undefined;

  const armSoonest = (): void => {
    const due = waiting.at(-1)?.due;
    if (due === armed?.due) return;
    armed?.cancel();
    armed = due === undefined ? undefined : { due, cancel: startWallTimer(due, fireDue) };
  };
  const fireDue = (): void => {
    armed = undefined;
    for (let timer = waiting.at(-1); timer && timer.due <= Date.now(); timer = waiting.at(-1)) {
      waiting.pop();
      fire(timer);
    }
    armSoonest();
  };
  /** Of those that are due at the same time the first armed fires first. */
  const placeOf = (due: number): number => {
    let [from, to] = [0, waiting.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((waiting[middle]?.due ?? 0) > due) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  return {
    arm(timer: DurableTimer): void {
      waiting.splice(placeOf(timer.due), 0, timer);
      armSoonest();
    },
    clear(cleared: Instance): void {
      if (!waiting.some(({ instance }) => instance === cleared)) return;
      waiting = waiting.filter(({ instance }) => instance !== cleared);
      armSoonest();
    },
    clearAll(): void {
      waiting = [];
      armSoonest();
    },
  };
}
