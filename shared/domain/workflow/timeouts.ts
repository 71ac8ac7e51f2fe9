import { z } from 'zod';

const seconds = z.number().nonnegative();

/** How patient a run is; read from the settings once at its begin, so that a replay sees the same. All in seconds. */
export const Timeouts = z.object({
  /** Wait `every` seconds between polls until `until` seconds have passed; the last entry has no end. */
  poll: z.array(z.object({ every: seconds, until: seconds.optional() })).min(1),
  /** How long an ordinary request may take, and how long throttling or a lost identity is waited out. */
  delivery: seconds,
  /** How long an approval may take, where the package says that it is waited for. */
  approval: seconds,
  /** How long a partial delivery may heal before it counts. */
  partialGrace: seconds,
  /** How long the person may be missing from the directory. */
  identity: seconds,
  /** How long one call that cannot be done now is tried again. */
  call: seconds,
});
export type Timeouts = z.infer<typeof Timeouts>;

/** Seconds to wait before the poll that follows `polls` earlier ones, `elapsed` seconds after the request was made. */
export function nextPoll(poll: Timeouts['poll'], polls: number, elapsed: number): number {
  const once = poll.filter((entry) => entry.until === undefined).slice(0, -1);
  const repeated = poll.filter((entry) => entry.until !== undefined);
  const first = once[polls]?.every;
  if (first !== undefined) return first;
  const current = repeated.find((entry) => elapsed < (entry.until ?? 0)) ?? poll.at(-1);
  return current?.every ?? 0;
}

const LONGEST_PAUSE = 900;

/**
 * Seconds before the next try of what asked to be tried `afterSeconds` later: doubling with every second try, to a 32nd
 * of the budget or a quarter of an hour, but never fewer than asked for.
 */
export function backOff(afterSeconds: number, tries: number, budget: number): number {
  const widened = afterSeconds * 2 ** Math.floor(tries / 2);
  return Math.max(afterSeconds, Math.min(widened, budget / 32, LONGEST_PAUSE));
}

/** The bounds of trying again. */
export type RetryBudgets = Pick<Timeouts, 'identity' | 'call' | 'delivery'>;

/** Seconds for which a thing that answers `later` because of `why` is tried again. */
export function retryBudgetFor(why: string, timeouts: RetryBudgets): number {
  if (why === 'no-identity' || why === 'account-disabled') return timeouts.identity;
  // Of everybody alike and no fault of this event: Graph may ask for a day, and identity be away for longer.
  if (why === 'throttled' || why === 'identity-unavailable')
    return Math.max(timeouts.delivery, timeouts.call);
  // Without the stores nothing can be recorded, not even that we gave up: wait for them.
  return why === 'store-unavailable' ? Infinity : timeouts.call;
}
