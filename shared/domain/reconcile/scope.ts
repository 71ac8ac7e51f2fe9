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

/** What a run knows of the assignments of one package after its last page. */
export type ScopeReading = {
  packageKey: string;
  /** Why a page could not be read or was no page; absent if all were read. */
  fault?: string | undefined;
  /** How many people hold it. */
  holders: number;
  /** How many did when the package was last `complete`; absent if it never was. */
  holdersBefore?: number | undefined;
  /** How many of those we have removed since then ourselves. */
  removedByUs?: number | undefined;
  /** How many people hold it by our own records. */
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
