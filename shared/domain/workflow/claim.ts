import { z } from 'zod';
import type { ReplayMarks } from '../events/event';
import { instanceId } from '../events/keys';
import { FactContent, type StoredFact } from '../lifecycle/facts';
import { Evidence } from './outcome';
import { EndedRequest } from './audit-entry';
import { ChainEnd, EventFact, Replay, Run, type EventRun } from './run';
import { ClosingOutcome } from './step-outcome';
import { Waiting } from './workflow-state';

/** The record of one event key: accepted once, with its attempts and its outcome. */
export const Claim = z.object({
  state: z.enum(['claimed', 'started', 'closing', 'closed']),
  /** Hash of the canonical parsed event. The same key with another hash is rejected. */
  contentHash: z.string(),
  attempt: z.number().int().positive(),
  fact: EventFact,
  /** What its fact is made of again if a crash came before it was recorded; absent if the event is none of HR. */
  content: FactContent.optional(),
  /** Of an event of the clock that the end of a request has started: how it ended. */
  ended: EndedRequest.optional(),
  /** The row in the `due` table that leads recovery to this claim until it is closed. */
  due: z.object({ partition: z.string(), key: z.string() }),
  token: z.string().optional(),
  /** Of the orchestration that runs the attempt; absent until its run has begun. */
  version: z.number().int().optional(),
  /** Present if this attempt is a replay. */
  replay: Replay.optional(),
  /** Keys of the replays that have started an attempt: none of them starts another. */
  replays: z.array(z.string()).optional(),
  /** What the run waits for, as its last `waiting` row says; absent while it waits for nothing that lasts. */
  waiting: Waiting.optional(),
  /** When the recovery timer first found the run suspended, or past its deadlines; absent while it goes on. */
  stalledSince: z.string().optional(),
  /** The decided outcome with all it needs, so that every execution that finishes the closing writes the same row. */
  outcome: ClosingOutcome.optional(),
  reason: z.string().optional(),
  evidence: Evidence.optional(),
  targetId: z.string().optional(),
  deliveredAt: z.string().optional(),
  /** The chain's end before the closing row; after it, once the claim is closed. */
  chain: ChainEnd.optional(),
  updatedAt: z.string(),
});
export type Claim = z.infer<typeof Claim>;

export type StoredClaim = Claim & { eventHash: string; etag: string };

/** The current attempt, run under `token`. */
export const eventRunOf = (
  { eventHash, attempt, fact, replay }: StoredClaim,
  token: string,
): EventRun => ({
  eventHash,
  attempt,
  instanceId: instanceId(eventHash, attempt),
  token,
  fact,
  ...(replay && { replay }),
});

/** The same of an event about a worker. Throws on any other. */
export const runOf = (claim: StoredClaim, token: string): Run =>
  Run.parse(eventRunOf(claim, token));

/** The fact of an event as its first acceptance has it, however often the event runs. */
export function factOfClaim(eventHash: string, { fact, content }: Claim): StoredFact | undefined {
  const { eventSource: source, eventId: id, occurredAt: time } = fact;
  const { workerId, employmentId, sequence } = fact;
  if (content === undefined || workerId === undefined || employmentId === undefined)
    return undefined;
  const event = { source, id, hash: eventHash, time, sequence, workerId, employmentId };
  return { ...event, ...content };
}

/** Events with these outcomes are not replayed: the access is there, or was removed on purpose. */
const FINAL: ReadonlySet<string> = new Set([
  ...['delivered', 'already-held', 'revoked', 'rescinded', 'superseded', 'clean', 'drift'],
]);

/** Whether the event ended in a way that nothing has to follow: it is never run again. */
export const isFinal = (outcome: string | undefined): boolean =>
  outcome !== undefined && FINAL.has(outcome);

/** A setting or a person kept these from being carried out, which is no problem; they may be replayed. */
const KEPT_BACK: ReadonlySet<string> = new Set(['observed', 'excluded', 'discarded']);

/** Whether somebody has to look at how the event ended. */
export const isProblem = (outcome: string | undefined): boolean =>
  !isFinal(outcome) && !(outcome !== undefined && KEPT_BACK.has(outcome));

/** Limits the size of a claim. After this many attempts, another one is unlikely to help. */
export const MOST_ATTEMPTS = 100;

/** Identifies a replay across redeliveries of its message: by its id, else by reason and person. */
export const replayKey = ({ id, reason, by }: ReplayMarks): string =>
  id === undefined ? `why:${reason ?? ''}/${by ?? ''}` : `id:${id}`;

/**
 * Why a message with these marks starts no new attempt and is only counted; undefined if it starts one. `after`: the only
 * attempt that it may follow, if it names one.
 */
export function whyNoReplay(
  { state, outcome, attempt, replays }: Claim,
  marks: ReplayMarks,
  after = attempt,
): 'open' | 'final' | 'seen' | 'worn-out' | 'outdated' | undefined {
  if (replays?.includes(replayKey(marks))) return 'seen';
  if (state !== 'closed') return 'open';
  if (attempt !== after) return 'outdated';
  if (isFinal(outcome)) return 'final';
  return attempt < MOST_ATTEMPTS ? undefined : 'worn-out';
}
