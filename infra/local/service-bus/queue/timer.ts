import { pop, push, type Heap } from './heap';

const LONGEST_TIMEOUT = 2 ** 31 - 1;
const SPARE = 1024;

/** Calls back once per watched thing when its time has come; one timer and one heap for all of them. */
export type Alarm<T> = {
  /** Sets, moves or (with Infinity) clears the time of a thing, in milliseconds since 1970. */
  watch: (thing: T, at: number) => void;
  start: () => void;
  stop: () => void;
};

/**
 * An alarm that has not been started yet only collects, so that nothing happens while the state is being restored.
 * Moving a time leaves its old heap entry behind; when most entries are such leftovers, the heap is built anew.
 */
export function createAlarm<T>(onDue: (thing: T, now: number) => void): Alarm<T> {
  const times = new Map<T, number>();
  let heap: Heap<T> = [];
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Infinity;
  let running = false;

  const arm = (): void => {
    const next = heap[0]?.key ?? Infinity;
    if (!running || next >= timerAt) return;
    clearTimeout(timer);
    timerAt = next;
    timer = setTimeout(ring, Math.min(Math.max(next - Date.now(), 0), LONGEST_TIMEOUT));
    timer.unref();
  };
  const ring = (): void => {
    timerAt = Infinity;
    const now = Date.now();
    for (let first = heap[0]; first && first.key <= now; first = heap[0]) {
      pop(heap);
      if (times.get(first.value) !== first.key) continue;
      times.delete(first.value);
      onDue(first.value, now);
    }
    arm();
  };
  const dropLeftovers = (): void => {
    if (heap.length <= 2 * times.size + SPARE) return;
    heap = [...times].map(([value, key]) => ({ key, value })).sort((a, b) => a.key - b.key);
  };
  return {
    watch(thing, at) {
      if (times.get(thing) === at) return;
      if (at === Infinity) {
        times.delete(thing);
      } else {
        times.set(thing, at);
        push(heap, at, thing);
        arm();
      }
      dropLeftovers();
    },
    start() {
      running = true;
      arm();
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
  };
}
