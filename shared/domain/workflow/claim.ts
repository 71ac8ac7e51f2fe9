import { z } from 'zod';
import { instanceId } from '../events/keys';
import { Replay } from './replay';
import { ChainEnd, EventFact, type Run } from './run';
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
  /** Of the orchestration that runs the attempt; absent until its run has begun. */
  version: z.number().int().optional(),
  /** There if this attempt is a replay. */
  replay: Replay.optional(),
  /** The replays that began an attempt so far: none of them begins another. */
  replays: z.array(z.string()).optional(),
  /** The decided end, whole, so that whoever finishes a closing writes the same row. */
  outcome: ClosingOutcome.optional(),
  reason: z.string().optional(),
  targetId: z.string().optional(),
  deliveredAt: z.string().optional(),
  /** The chain's end before the closing row; the end of the whole attempt once closed. */
  chain: ChainEnd.optional(),
  updatedAt: z.string(),
});
export type Claim = z.infer<typeof Claim>;

export type StoredClaim = Claim & { eventHash: string; etag: string };

/** The attempt under way, run under `token`. */
export const runOf = ({ eventHash, attempt, fact, replay }: StoredClaim, token: string): Run => ({
  eventHash,
  attempt,
  instanceId: instanceId(eventHash, attempt),
  token,
  fact,
  ...(replay && { replay }),
});
