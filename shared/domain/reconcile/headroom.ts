import { z } from 'zod';

/** How much of one limit of Entra is used. */
export const Headroom = z.strictObject({
  what: z.enum(['packages', 'policies', 'assignments', 'requests']),
  used: z.number().int().nonnegative(),
  limit: z.number().int().nonnegative(),
});
export type Headroom = z.infer<typeof Headroom>;

const WARN_PERCENT = 80;

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
