import { z } from 'zod';
import { ChainEnd, EventFact } from './run';
import { ClosingOutcome } from './step-outcome';

/** Whatever reaches us under one event key: accepted once, its attempts counted, its end remembered. */
export const Claim = z.object({
  state: z.enum(['claimed', 'started', 'closing', 'closed']),
  /** Hash of the canonical parsed event: the same key with another content is another event. */
  contentHash: z.string(),
  attempt: z.number().int().positive(),
  fact: EventFact,
  endDate: z.string().optional(),
  /** Of the person's attributes only those that a rule reads. */
  attributes: z.record(z.string(), z.string()),
  /** Where the `due` table watches over this claim until it is closed. */
  due: z.object({ partition: z.string(), key: z.string() }),
  token: z.string().optional(),
  outcome: ClosingOutcome.optional(),
  reason: z.string().optional(),
  /** The chain's end before the closing row; the end of the whole attempt once closed. */
  chain: ChainEnd.optional(),
  updatedAt: z.string(),
});
export type Claim = z.infer<typeof Claim>;

export type StoredClaim = Claim & { eventHash: string; etag: string };
