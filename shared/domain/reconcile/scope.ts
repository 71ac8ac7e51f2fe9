import { z } from 'zod';

/** Whether the assignments of a package were read whole, and whether they can be true. Only `complete` ones are repaired. */
export const ScopeState = z.enum(['complete', 'incomplete', 'suspect']);
export type ScopeState = z.infer<typeof ScopeState>;

/** The scope of one package; `why` is a code, such as `page-failed`, of any state but `complete`. */
export const Scope = z.strictObject({
  packageKey: z.string(),
  state: ScopeState,
  holders: z.number().int().nonnegative(),
  why: z.string().optional(),
});
export type Scope = z.infer<typeof Scope>;

/**
 * The roster of a run: how many workers it has, and how many of its snapshots became facts. In a dry run, how many would
 * have, and of whom. Nothing of an `incomplete` one counts; `why` is a code.
 */
export const RosterScope = z.strictObject({
  state: z.enum(['complete', 'incomplete']),
  workers: z.number().int().nonnegative(),
  facts: z.number().int().nonnegative(),
  why: z.string().optional(),
  changes: z
    .array(z.string())
    .optional()
    .meta({ description: 'Of a dry run: the workers of whom the roster would make a fact.' }),
});
export type RosterScope = z.infer<typeof RosterScope>;

/** Whether a roster that was read whole can be true. `before`: how many workers the last complete one had. */
export function rosterStateOf({
  workers,
  before = 0,
  shrinkPercent,
}: {
  workers: number;
  before?: number | undefined;
  shrinkPercent: number;
}): Omit<RosterScope, 'facts'> {
  if (workers === 0) return { workers, state: 'incomplete', why: 'empty' };
  const isShort = (before - workers) * 100 > before * shrinkPercent;
  return isShort ? { workers, state: 'incomplete', why: 'shrunk' } : { workers, state: 'complete' };
}

/** What a run knows of the assignments of one package after its last page. */
export type ScopeReading = {
  packageKey: string;
  /** Why a page could not be read or was no page; absent if all were read. */
  fault?: string | undefined;
  /** How many people hold it. */
  holders: number;
  /** How many did when the package was last `complete`; absent if it never was. */
  holdersBefore?: number | undefined;
  /** How many of those we have removed since then, or given an end that has come. */
  removedByUs?: number | undefined;
  /** How many people hold it by our own records, since somebody accepted an empty list. */
  recorded: number;
  /** How many percent fewer than before are suspect. */
  shrinkPercent: number;
  /** Somebody has seen in Entra that so few hold it. */
  isAccepted?: boolean | undefined;
};

/** A list that was read whole can still be wrong: an outage or a lost permission can look like an empty or a short one. */
export function scopeOf(reading: ScopeReading): Scope {
  const { packageKey, fault, holders, holdersBefore = 0, removedByUs = 0 } = reading;
  const scope = { packageKey, holders };
  if (fault !== undefined) return { ...scope, state: 'incomplete', why: fault };
  if (reading.isAccepted) return { ...scope, state: 'complete' };
  if (holders === 0 && reading.recorded > 0) return { ...scope, state: 'suspect', why: 'empty' };
  const expected = Math.max(0, holdersBefore - removedByUs);
  const isShort = (expected - holders) * 100 > expected * reading.shrinkPercent;
  return isShort ? { ...scope, state: 'suspect', why: 'shrunk' } : { ...scope, state: 'complete' };
}

/** How much of one limit of Entra is used. */
export const Headroom = z.strictObject({
  what: z.enum(['packages', 'policies', 'assignments', 'requests']),
  used: z.number().int().nonnegative(),
  limit: z.number().int().nonnegative(),
});
export type Headroom = z.infer<typeof Headroom>;

const WARN_PERCENT = 80;

/** The limits of the tenant. What was not read whole is not told: the assignments of one `packageKey` are not all. */
export function headroomOf(
  scopes: readonly { kind: string; state: string; holders: number }[],
  limits: Record<Headroom['what'], number>,
  { packageKey }: { packageKey?: string | undefined } = {},
): Headroom[] {
  return Headroom.shape.what.options.flatMap((what) => {
    if (what === 'assignments' && packageKey !== undefined) return [];
    const kind = what === 'assignments' ? 'package' : what;
    const lists = scopes.filter((scope) => scope.kind === kind);
    const isUnread = ({ state }: { state: string }) => ['reading', 'incomplete'].includes(state);
    if (lists.length === 0 || lists.some(isUnread)) return [];
    const used = lists.reduce((sum, { holders }) => sum + holders, 0);
    return [{ what, used, limit: limits[what] }];
  });
}

/** `short`: the limits of which 80 % are used. At 100 % of any of them nothing is repaired. */
export function evaluateHeadroom(rows: readonly Headroom[]): {
  short: Headroom[];
  isUsedUp: boolean;
} {
  return {
    short: rows.filter(({ used, limit }) => used * 100 >= limit * WARN_PERCENT),
    isUsedUp: rows.some(({ used, limit }) => used >= limit),
  };
}
