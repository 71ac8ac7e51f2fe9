import { z } from 'zod';

/**
 * What a person holds or is about to hold of one package. `whose`: `ours` was delivered by a request with our correlation tag
 * or adopted by a person. `until` is the end of the assignment, in milliseconds since 1970.
 */
export const Held = z.object({
  packageKey: z.string(),
  assignmentId: z.string().optional(),
  whose: z.enum(['ours', 'theirs', 'by-rule']),
  state: z.enum(['held', 'adding', 'removing', 'broken']),
  until: z.number().optional(),
});
export type Held = z.infer<typeof Held>;

export const Action = z.enum(['grant', 'revoke', 'extend', 'reprocess', 'wait']);
export type Action = z.infer<typeof Action>;

const REPROCESS_MS = 7 * 86_400_000;

/** Graph carries out a failed request again within a week; after that a new one has to be made. Times as in `Held`. */
export const canReprocess = (
  {
    requestId,
    requestedAt = '',
  }: { requestId?: string | undefined; requestedAt?: string | undefined },
  at: number,
): boolean => requestId !== undefined && at - Date.parse(requestedAt) < REPROCESS_MS;
