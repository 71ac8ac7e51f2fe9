import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds that an aborted call may still take: some clients ignore the signal while they wait for a token. */
export const HEED_MS = 1_000;

/**
 * Runs `act` with a signal that aborts after `ms`, and throws a `TimeoutError` a second later if `act` has not ended.
 * Unlike with `AbortSignal.timeout`, the timer ends with the call: at fifty calls a second, signals that live until their
 * deadline use too much memory.
 */
export async function withDeadline<T>(
  ms: number,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort();
      timer = setTimeout(reject, HEED_MS, new DOMException('no end in time', 'TimeoutError'));
    }, ms);
  });
  try {
    return await Promise.race([act(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `act` for all items, at most `concurrency` at a time; the results are in the order of the items. */
export async function mapConcurrent<Item, Result>(
  concurrency: number,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [place, item] of left) results[place] = await act(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}

/** Why something that failed may succeed later, and after how many seconds to try again. */
export type Pause = { why: string; afterSeconds: number };

/** Calls `act` again for at most five minutes while `pauseAfter` says of its error that it is temporary. Then throws it. */
export async function retried<Result>(
  act: () => Promise<Result>,
  pauseAfter: (error: unknown) => Pause | undefined,
  onWait: (why: string) => void,
): Promise<Result> {
  const end = Date.now() + RETRY_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const pause = pauseAfter(error);
      const pauseMs = (pause?.afterSeconds ?? 0) * 1000;
      if (pause === undefined || Date.now() + pauseMs > end) throw error;
      onWait(pause.why);
      await wait(pauseMs);
    }
  }
}

const RETRY_MS = 5 * 60_000;
