import { z } from 'zod';

/**
 * A list as an index shows it that is behind, or wrong. `lags`: it knows nothing of the last `byMs`, as far as that was
 * planted before. `skips`, `repeats`: each `every`th entry of a page is missing, or there twice.
 */
export const ListFault = z.union([
  z.strictObject({ list: z.literal('lags'), byMs: z.int().positive() }),
  z.strictObject({ list: z.enum(['skips', 'repeats']), every: z.int().positive().default(3) }),
]);
export type ListFault = z.infer<typeof ListFault>;

/** A page with the entries that are missing or repeated by the fault. */
export function faultyPage<Item>(fault: ListFault | undefined, page: Item[]): Item[] {
  if (fault === undefined || fault.list === 'lags') return page;
  return page.flatMap((item, place) => {
    if ((place + 1) % fault.every !== 0) return [item];
    return fault.list === 'skips' ? [] : [item, item];
  });
}
