import { z } from 'zod';

const seconds = z.number().nonnegative();

/** In seconds. A run reads them from the settings once, in its first activity, so that every replay has the same. */
export const Timeouts = z.object({
  /** Wait `every` seconds between polls until `until` seconds have passed; the last entry has no end. */
  poll: z.array(z.object({ every: seconds, until: seconds.optional() })).min(1),
  /** How long a delivery may take, and how long throttling or an unavailable identity endpoint is awaited. */
  delivery: seconds,
  /** How long an approval may take, if the access model says to wait for it. */
  approval: seconds,
  /** How long Graph may take to complete a partial delivery. */
  partialGrace: seconds,
  /** How long the person may be missing from the directory. */
  identity: seconds,
  /** How long any other call is retried. */
  call: seconds,
});
export type Timeouts = z.infer<typeof Timeouts>;

/** Seconds to wait before the poll that follows `polls` earlier ones, after `elapsed` seconds of what is waited for. */
export function nextPoll(poll: Timeouts['poll'], polls: number, elapsed: number): number {
  const first = poll.filter((entry) => entry.until === undefined).slice(0, -1)[polls];
  const repeated = poll.filter((entry) => entry.until !== undefined);
  if (first) return first.every;
  const current = repeated.find((entry) => elapsed < (entry.until ?? 0)) ?? poll.at(-1);
  return current?.every ?? 0;
}

const maxPauseSeconds = 900;

/**
 * Seconds before the next try of a call that answered `later`. They double with every second try, up to a 32nd of the
 * retry budget or a quarter of an hour, and are never fewer than `afterSeconds`.
 */
export function backOff(afterSeconds: number, tries: number, budget: number): number {
  const widened = afterSeconds * 2 ** Math.floor(tries / 2);
  return Math.max(afterSeconds, Math.min(widened, budget / 32, maxPauseSeconds));
}

/** The timeouts that bound retries. */
export type RetryBudgets = Pick<Timeouts, 'identity' | 'call' | 'delivery'>;
