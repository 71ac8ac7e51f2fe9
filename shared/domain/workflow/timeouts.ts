import { z } from 'zod';
import type { Later } from './outcome';

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

/** What a call that answers `later` waits for. Each cause has a budget and a back-off of its own. */
export const Cause = z.enum([
  'store',
  'lock',
  'package',
  'token',
  'throttling',
  'budget',
  'refusal',
  'lost-permission',
  'call',
  'visibility',
  'directory',
  'settling',
  'held',
  'run',
  'parked',
  'defect',
]);
export type Cause = z.infer<typeof Cause>;

/** How long one operation has waited for one cause, in seconds, and how often. */
const Wait = z.object({ seconds: z.number(), tries: z.number().int() });

/** What one operation has waited for since it last made progress. */
export const Retries = z.object({
  /** The highest `workDone` of its answers. */
  workDone: z.number().int().optional(),
  waits: z.partialRecord(Cause, Wait),
});
export type Retries = z.infer<typeof Retries>;

type CauseRow = {
  reasons: readonly string[];
  /** Seconds for which it is waited for. */
  budget: (budgets: RetryBudgets) => number;
  /** An answer of a higher layer shows that the lower ones work: what was waited for there counts no more. */
  layer: number;
};

const call = (budgets: RetryBudgets): number => budgets.call;
/** These affect every event alike and can last: Graph may ask for a day. */
const lasting = (budgets: RetryBudgets): number => Math.max(budgets.delivery, budgets.call);

/** After so many seconds of refusals, a person is asked for a permission that the app never had. */
const REFUSAL_SECONDS = 120;

const causes: Record<Cause, CauseRow> = {
  // Without storage not even a failure can be recorded.
  store: { reasons: ['store-unavailable'], budget: () => Infinity, layer: 0 },
  lock: {
    reasons: ['lock-held', 'lock-lost', 'lease-too-short', 'changed-meanwhile'],
    ...{ budget: call, layer: 1 },
  },
  package: { reasons: ['catalog-leased'], budget: call, layer: 1 },
  token: { reasons: ['identity-unavailable'], budget: lasting, layer: 2 },
  throttling: { reasons: ['throttled'], budget: lasting, layer: 2 },
  // The queue for the rate of calls is as long as there are runs.
  budget: { reasons: ['rate-budget'], budget: () => Infinity, layer: 2 },
  refusal: {
    reasons: ['permission', 'unauthenticated'],
    budget: (budgets) => Math.min(REFUSAL_SECONDS, budgets.call),
    layer: 2,
  },
  'lost-permission': {
    reasons: ['permission-lost', 'authentication-lost'],
    budget: call,
    layer: 2,
  },
  // Every reason that no other row has: Graph is away, slow or unreadable.
  call: { reasons: [], budget: call, layer: 2 },
  visibility: {
    reasons: [
      ...['not-yet-visible', 'request-not-visible', 'open-request-not-visible'],
      ...['target-not-visible', 'assignment-not-visible', 'assignment-still-visible'],
      'unclear-submit',
    ],
    budget: call,
    layer: 3,
  },
  directory: {
    reasons: ['no-identity', 'account-disabled'],
    budget: (budgets) => budgets.identity,
    layer: 3,
  },
  // A removal settles for a known time. What a brake or a mode holds waits for a person.
  settling: { reasons: ['settling'], budget: () => Infinity, layer: 3 },
  held: { reasons: ['paused', 'brake'], budget: () => Infinity, layer: 3 },
  // A run of the reconciliation ends in any case, and gives the lease back.
  run: { reasons: ['another-run'], budget: () => Infinity, layer: 3 },
  // The event states something for a later time.
  parked: {
    reasons: ['future-start', 'future-end', 'future-change'],
    budget: () => Infinity,
    layer: 3,
  },
  defect: { reasons: ['defect'], budget: call, layer: 4 },
};

/** A code can say what it is about behind a colon, as `brake:usual-1`. */
export function causeOf(why: string): Cause {
  const [code = ''] = why.split(':');
  return Cause.options.find((cause) => causes[cause].reasons.includes(code)) ?? 'call';
}

/** Whether the cause stops every package alike: waiting for it once is enough. */
export const isShared = (cause: Cause): boolean =>
  ['token', 'throttling', 'budget', 'call'].includes(cause);

/** An operation fails after this many exceptions: an exception is a defect, which waiting rarely resolves. */
const maxDefects = 3;

/**
 * The only retry policy. Answers the seconds until the next try of an operation that answered `later` after
 * `tookSeconds`, what it has then waited for, and how much of its budget this cause had used before; undefined once this
 * cause alone has lasted as long as its budget.
 *
 * `now`: when the answer came, in milliseconds since 1970.
 *
 * A cause counts only the seconds that it takes itself: the wait that it asked for, and its calls after the first.
 */
export function nextTry(
  retries: Retries | undefined,
  { why, afterSeconds, workDone = 0, until, waitFrom }: Later,
  { tookSeconds, now }: { tookSeconds: number; now: number },
  budgets: RetryBudgets,
): { seconds: number; retries: Retries; waited: number; budget: number } | undefined {
  const cause = causeOf(why);
  const before = retries?.workDone ?? 0;
  const waits = workDone > before ? {} : withoutLower(retries?.waits ?? {}, cause);
  const wait = waits[cause];
  const tries = wait?.tries ?? 0;
  const waited = wait ? wait.seconds + tookSeconds : 0;
  const ahead = waitFrom === undefined ? 0 : (Date.parse(waitFrom) - now) / 1000 + waited;
  const budget = causes[cause].budget(budgets) + Math.max(0, ahead);
  if (waited >= budget || (cause === 'defect' && tries + 1 >= maxDefects)) return undefined;
  const widened = Math.min(backOff(afterSeconds, tries, budget), budget - waited);
  // What is told by a clock or by the rate of calls is right as it is.
  const isTold = until !== undefined || cause === 'budget';
  const seconds = isTold ? afterSeconds : Math.max(afterSeconds, widened);
  const next = { seconds: waited + seconds, tries: tries + 1 };
  return {
    ...{ seconds, waited, budget },
    retries: {
      workDone: Math.max(workDone, before),
      waits: { ...waits, [cause]: next },
    },
  };
}

function withoutLower(waits: Retries['waits'], cause: Cause): Retries['waits'] {
  if (cause === 'defect') return waits;
  const { layer } = causes[cause];
  const kept = Object.entries(waits).filter(([other]) => causes[other as Cause].layer >= layer);
  return Object.fromEntries(kept);
}
