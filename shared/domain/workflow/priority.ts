import { z } from 'zod';

/**
 * In what order runs get the rate of writes: access that ends at an instant, other access that is taken back, then access that is
 * given, by when it should be there (ISO 8601).
 */
export const Priority = z.object({
  rank: z.enum(['urgent', 'removal', 'grant']),
  by: z.string().optional(),
});
export type Priority = z.infer<typeof Priority>;
