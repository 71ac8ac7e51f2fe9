import { startWallTimer } from '../../clock/wall-timer';
import { pop, push, type Heap } from './heap';

const SPARE = 1024;

/** Calls back once per scheduled item when it is due; one system timer and one heap for all. */
type Timer<T> = {
  /** Sets, moves or (with Infinity) clears the time of an item, in milliseconds since 1970. */
  schedule: (item: T, at: number) => void;
  start: () => void;
  stop: () => void;
};

/**
 * Before `start`, items are only collected, so that nothing happens while the state is restored. Moving a time leaves its
 * old heap entry behind; when most entries are stale, the heap is rebuilt.
 */
export function createTimer<T>(onDue: (item: T, now: number) => void): Timer<T> {
  const times = new Map<T, number>();
  let heap: Heap<T> = [];
  let cancel = (): void => undefined;
  let timerAt = Infinity;
  let running = false;

  const arm = (): void => {
    const next = heap[0]?.key ?? Infinity;
    if (!running || next >= timerAt) return;
    cancel();
    timerAt = next;
    cancel = startWallTimer(next, fire);
  };
  const fire = (): void => {
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
  const dropStaleEntries = (): void => {
    if (heap.length <= 2 * times.size + SPARE) return;
    heap = [...times].map(([value, key]) => ({ key, value })).sort((a, b) => a.key - b.key);
  };
  return {
    schedule(item, at) {
      if (times.get(item) === at) return;
      if (at === Infinity) {
        times.delete(item);
      } else {
        times.set(item, at);
        push(heap, at, item);
        arm();
      }
      dropStaleEntries();
    },
    start() {
      running = true;
      arm();
    },
    stop() {
      running = false;
      cancel();
    },
  };
}
