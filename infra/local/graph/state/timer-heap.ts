import { startWallTimer } from '../../clock/wall-timer';

/** Something due at an instant (milliseconds since 1970). */
export type Due<What> = { at: number; what: What };

/** Everything that is due later, earliest first, under one timer of the platform. */
export type TimerHeap<What> = {
  add: (at: number, what: What) => void;
  clear: () => void;
};

/** Calls `fire` with what is due, in the order of the instants. The timer never keeps the process alive. */
export function createTimerHeap<What>(fire: (due: Due<What>[]) => void): TimerHeap<What> {
  const heap: Due<What>[] = [];
  let cancel = (): void => undefined;
  let armedFor = Infinity;

  const arm = (): void => {
    const first = heap[0];
    if (first === undefined || first.at >= armedFor) return;
    cancel();
    armedFor = first.at;
    cancel = startWallTimer(first.at, run);
  };

  const takeDue = (): Due<What>[] => {
    const due: Due<What>[] = [];
    const now = Date.now();
    for (let first = heap[0]; first !== undefined && first.at <= now; first = heap[0]) {
      due.push(first);
      removeFirst(heap);
    }
    return due;
  };

  // What is due can make more due, when the clock was moved.
  const run = (): void => {
    for (let due = takeDue(); due.length > 0; due = takeDue()) fire(due);
    armedFor = Infinity;
    arm();
  };

  return {
    add: (at, what) => {
      insert(heap, { at, what });
      arm();
    },
    clear: () => {
      cancel();
      heap.length = 0;
      armedFor = Infinity;
    },
  };
}

function insert<What>(heap: Due<What>[], item: Due<What>): void {
  let place = heap.length;
  heap.push(item);
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.at <= item.at) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = item;
}

function removeFirst<What>(heap: Due<What>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let place = 0;
  for (;;) {
    const left = 2 * place + 1;
    const right = left + 1;
    const child = (heap[right]?.at ?? Infinity) < (heap[left]?.at ?? Infinity) ? right : left;
    const below = heap[child];
    if (below === undefined || below.at >= last.at) break;
    heap[place] = below;
    place = child;
  }
  heap[place] = last;
}
