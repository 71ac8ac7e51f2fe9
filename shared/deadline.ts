/** How long what was aborted may take to end; some clients do not heed the signal while they wait for a token. */
export const HEED_MS = 1_000;

/**
 * Runs `act` with a signal that aborts after `ms`, and throws a `TimeoutError` a second later if `act` does not end by
 * that. Unlike with `AbortSignal.timeout`, the timer goes with the call: at fifty calls a second, signals that live on for
 * their whole deadline are a heap of their own.
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
