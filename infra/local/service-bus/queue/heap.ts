/** A binary min-heap of numbers, each with a value. */
export type Heap<T> = { key: number; value: T }[];

/** Adds in O(log n). */
export function push<T>(heap: Heap<T>, key: number, value: T): void {
  const entry = { key, value };
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (!parent || parent.key <= key) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = entry;
}

/** Takes the smallest in O(log n); undefined if the heap is empty. */
export function pop<T>(heap: Heap<T>): T | undefined {
  const smallest = heap[0];
  const last = heap.pop();
  if (!smallest || !last || smallest === last) return smallest?.value;
  let at = 0;
  for (;;) {
    const childAt = smallerChild(heap, at);
    const child = heap[childAt];
    if (!child || child.key >= last.key) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = last;
  return smallest.value;
}

function smallerChild<T>(heap: Heap<T>, at: number): number {
  const left = 2 * at + 1;
  const right = left + 1;
  return (heap[right]?.key ?? Infinity) < (heap[left]?.key ?? Infinity) ? right : left;
}
