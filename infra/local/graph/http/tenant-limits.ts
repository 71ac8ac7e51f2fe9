import { z } from 'zod';
import { type Refusal, tooManyRequests } from '../errors';
import { type ChargedCall, isDirectory, type Owner, ownerOf, unitsOf } from './charged-call';

/**
 * The smallest factor: its buckets hold 6 writes and 7 resource units, so that the dearest call still passes some time.
 */
const SMALLEST = 0.002;

/** `on`: the published limits; `x<number>`: so many times as much; `off`: none. */
export const TenantLimit = z
  .string()
  .regex(/^(on|off|x\d+(\.\d+)?)$/, 'must be on, off or x<number>, such as x10')
  .refine((limit) => (factorOf(limit) ?? 1) >= SMALLEST, `must be x${SMALLEST} or more`);
export type TenantLimit = z.infer<typeof TenantLimit>;

/** The factor of a limit; undefined for `off`. */
function factorOf(limit: string): number | undefined {
  if (limit === 'off') return undefined;
  return limit === 'on' ? 1 : Number(limit.slice(1));
}

type Kind = 'resourceUnits' | 'writes';

/** A published limit: an amount in a window of so many seconds. */
type Published = { amount: number; seconds: number };

/** What one bucket has seen since the limit was set. `seconds` is from its first call to its last one. */
export type BucketReport = {
  kind: Kind;
  app: string;
  tenant: string;
  capacity: number;
  refillPerSecond: number;
  calls: number;
  /** Calls that this bucket refused. */
  throttled: number;
  /** The cost of all calls that were let through. */
  used: number;
  seconds: number;
  /** The part of what was permitted that was used: used / (capacity + refillPerSecond * seconds). */
  share: number;
};

/** What a call is answered with: headers for any answer, and a refusal if it is throttled. */
export type Charged = { headers: Record<string, string>; refusal?: Refusal };

export type TenantLimits = {
  /** Counts a call and decides on it. */
  charge: (call: ChargedCall) => Charged;
  /** Changes the limit. All buckets are full again, and their counts start anew. */
  set: (limit: TenantLimit) => void;
  report: () => { limit: TenantLimit; buckets: BucketReport[] };
};

export type TenantLimitsOptions = {
  limit: TenantLimit;
  /** The users of the tenant, which decide on its size. */
  users: () => number;
  /** The tenant of a call whose token names none. */
  tenant: () => string;
  /** Milliseconds on a clock that is never set. */
  monotonicMs: () => number;
};

/**
 * The limits of Microsoft Entra ID for one app in one tenant. Two token buckets each: resource units, which every call
 * costs, and writes, which every call but a GET costs too.
 *
 * How a published window becomes a bucket: the bucket holds the amount of the window, starts full, and is refilled evenly
 * with amount / window a second. 3,000 writes in 150 s are a bucket of 3,000 that gets 20 a second, so an app that was
 * quiet may write 3,000 times at once, and 20 times a second from then on. Microsoft says that it uses token buckets, and
 * does not say how they are refilled.
 *
 * Each call takes what it costs, also if it fails, and also if it is throttled: Microsoft counts refused calls. So a bucket
 * can be overdrawn, by 0.8 of what it holds: the published use of a limit ends at 1.8. Retry-After is when the bucket has
 * enough again for the same call.
 *
 * Not simulated: the limits of an app over all tenants and of a tenant over all apps, which one app in one tenant does not
 * reach, and `x-ms-throttle-priority`.
 *
 * Entitlement management publishes no limit. Its calls count against the same buckets, and its answers have no header but
 * Retry-After, so that no client can rely on more.
 *
 * docs: https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
 */
export function createTenantLimits(options: TenantLimitsOptions): TenantLimits {
  let { limit } = options;
  const buckets = new Map<string, Bucket>();

  const bucketOf = (kind: Kind, { app, tenant }: Owner): Bucket => {
    const key = `${kind} ${app} ${tenant}`;
    const known = buckets.get(key) ?? newBucket(kind, { app, tenant }, options.monotonicMs());
    buckets.set(key, known);
    return known;
  };

  return {
    charge: (call) => {
      const factor = factorOf(limit);
      const units = unitsOf(call);
      const own = isDirectory(call.path) ? { 'x-ms-resource-unit': `${units}` } : {};
      if (factor === undefined) return { headers: own };
      const now = options.monotonicMs();
      const owner = ownerOf(call.headers.authorization, options.tenant);
      const unitsLimit = { amount: unitsPerWindow(options.users()) * factor, seconds: 10 };
      const writesLimit = { amount: 3_000 * factor, seconds: 150 };
      const takings = [take(bucketOf('resourceUnits', owner), unitsLimit, units, now)];
      if (call.method !== 'GET') {
        takings.push(take(bucketOf('writes', owner), writesLimit, 1, now));
      }
      return verdictOn(takings, owner, own);
    },
    set: (next) => {
      limit = next;
      buckets.clear();
    },
    report: () => ({ limit, buckets: [...buckets.values()].map(reportOf) }),
  };
}

type Bucket = Owner & {
  kind: Kind;
  published: Published;
  /** What is missing until it is full. More than its amount if it is overdrawn. */
  missing: number;
  /** When `missing` was computed. */
  at: number;
  firstAt: number;
  calls: number;
  throttled: number;
  used: number;
};

const newBucket = (kind: Kind, owner: Owner, now: number): Bucket => ({
  ...owner,
  kind,
  published: { amount: 0, seconds: 1 },
  ...{ missing: 0, at: now, firstAt: now, calls: 0, throttled: 0, used: 0 },
});

/** How much of its amount may be missing in a bucket. */
const OVERDRAWN = 1.8;
/** Less than any cost: what floating-point arithmetic may be off. */
const NOTHING = 1e-6;

type Taking = { bucket: Bucket; cost: number; allowed: boolean };

/** Takes the cost of a call from a bucket, whether or not it has that much. */
function take(bucket: Bucket, published: Published, cost: number, now: number): Taking {
  const refill = (published.amount / published.seconds) * ((now - bucket.at) / 1000);
  const before = Math.max(0, bucket.missing - refill);
  bucket.published = published;
  bucket.at = now;
  bucket.missing = Math.min(before + cost, published.amount * OVERDRAWN);
  bucket.calls += 1;
  const allowed = before + cost <= published.amount + NOTHING;
  if (!allowed) bucket.throttled += 1;
  return { bucket, cost, allowed };
}

function verdictOn(
  takings: readonly Taking[],
  { app, tenant }: Owner,
  own: Record<string, string>,
): Charged {
  const isAllowed = takings.every(({ allowed }) => allowed);
  if (isAllowed) for (const { bucket, cost } of takings) bucket.used += cost;
  const isDocumented = 'x-ms-resource-unit' in own;
  const percentage = isDocumented ? percentageOf(takings) : {};
  const [worst] = takings
    .filter(({ allowed }) => !allowed)
    .sort((one, other) => secondsUntilFree(other) - secondsUntilFree(one));
  if (worst === undefined) return { headers: { ...own, ...percentage } };
  const [scope, information] =
    worst.bucket.kind === 'writes'
      ? ['Write', 'WriteLimitExceeded']
      : ['ReadWrite', 'ResourceUnitLimitExceeded'];
  const reasons = {
    'x-ms-throttle-scope': `Tenant_Application/${scope}/${app}/${tenant}`,
    'x-ms-throttle-information': information,
  };
  return {
    headers: isDocumented ? { ...percentage, ...reasons } : {},
    refusal: tooManyRequests(secondsUntilFree(worst)),
  };
}

/** Whole seconds until a bucket has what the call costs, at least 1. */
function secondsUntilFree({ bucket: { missing, published }, cost }: Taking): number {
  const lacking = missing + cost - published.amount - NOTHING;
  return Math.max(1, Math.ceil((lacking * published.seconds) / published.amount));
}

/** docs: the use of the limit, from 0.8 to 1.8, and only above 0.8. */
function percentageOf(takings: readonly Taking[]): Record<string, string> {
  const uses = takings.map(({ bucket: { missing, published } }) => missing / published.amount);
  const use = Math.max(...uses);
  return use > 0.8 ? { 'x-ms-throttle-limit-percentage': use.toFixed(2) } : {};
}

function reportOf(bucket: Bucket): BucketReport {
  const { kind, app, tenant, calls, throttled, used, published, firstAt, at } = bucket;
  const [capacity, seconds] = [published.amount, (at - firstAt) / 1000];
  const refillPerSecond = capacity / published.seconds;
  return {
    ...{ kind, app, tenant, capacity, refillPerSecond, calls, throttled, used, seconds },
    share: used / (capacity + refillPerSecond * seconds),
  };
}

/** docs: the size of a tenant is S below 50 users, M to 500, L above. */
function unitsPerWindow(users: number): number {
  if (users < 50) return 3_500;
  return users <= 500 ? 5_000 : 8_000;
}
