import { z } from 'zod';

/** How much of one limit of Entra is used. */
export const Headroom = z.strictObject({
  what: z.enum(['packages', 'policies', 'assignments', 'requests']),
  used: z.number().int().nonnegative(),
  limit: z.number().int().nonnegative(),
});
export type Headroom = z.infer<typeof Headroom>;

const WARN_PERCENT = 80;

/** The limits of the tenant. What was not read whole is not told. */
export function headroomOf(
  scopes: readonly { kind: string; state: string; holders: number }[],
  limits: Record<Headroom['what'], number>,
): Headroom[] {
  return Headroom.shape.what.options.flatMap((what) => {
    const kind = what === 'assignments' ? 'package' : what;
    const lists = scopes.filter((scope) => scope.kind === kind);
    if (lists.some(({ state }) => state === 'reading' || state === 'incomplete')) return [];
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
