/**
 * Runs `act` with a signal that aborts after `ms`. Unlike `AbortSignal.timeout`, the timer goes with the call: at fifty
 * calls a second, signals that live on for their whole deadline are a heap of their own.
 */
export async function withDeadline<T>(
  ms: number,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
