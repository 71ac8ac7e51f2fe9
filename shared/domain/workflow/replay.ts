import { z } from 'zod';
import type { Claim } from './claim';
import { ReplayMarks } from '../events/event';

/** A replay as the attempt that it began remembers it; `of` is the attempt before, if there was one. */
export const Replay = ReplayMarks.extend({ of: z.number().int().positive().optional() });
export type Replay = z.infer<typeof Replay>;

/** What came to such an end is never run again: the access is there, or is rightly gone. */
const FINAL: ReadonlySet<string> = new Set([
  ...['delivered', 'already-held', 'revoked', 'rescinded', 'superseded'],
]);

/** So many attempts say that the cause was not mended; their rows and marks must stay within one claim. */
export const MOST_ATTEMPTS = 100;

/** One replay, however often its message comes: known by its id, else by reason and person. */
export const replayKey = ({ id, reason, by }: ReplayMarks): string =>
  id === undefined ? `why:${reason ?? ''}/${by ?? ''}` : `id:${id}`;

/** Why a message with these marks begins no new attempt and only counts; undefined if it begins one. */
export function whyNoReplay(
  { state, outcome, attempt, replays }: Claim,
  marks: ReplayMarks,
): 'open' | 'final' | 'seen' | 'worn-out' | undefined {
  if (replays?.includes(replayKey(marks))) return 'seen';
  if (state !== 'closed') return 'open';
  if (outcome !== undefined && FINAL.has(outcome)) return 'final';
  return attempt < MOST_ATTEMPTS ? undefined : 'worn-out';
}
