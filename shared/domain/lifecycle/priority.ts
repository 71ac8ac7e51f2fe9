import { z } from 'zod';
import type { AccessModel } from '../access-model/access-model';
import { timeOfDay } from '../events/time';
import type { StoredFact } from './facts';
import { isUrgent } from './gate';
import { timelineOf } from './timeline';
import { intervalsOf, wantsAt } from './wants';

/**
 * In what order runs get the rate of writes: access that ends at an instant, other access that is taken back, then access that is
 * given, by when it should be there (ISO 8601).
 */
export const Priority = z.object({
  rank: z.enum(['urgent', 'removal', 'grant']),
  by: z.string().optional(),
});
export type Priority = z.infer<typeof Priority>;

/**
 * The priority of a run about somebody with these facts, by what they should have at `at` (milliseconds since 1970) and the
 * keys of the packages that our records say they have. Pure.
 */
export function priorityOf(
  facts: readonly StoredFact[],
  held: readonly string[],
  model: AccessModel,
  at: number,
): Priority {
  const wants = wantsAt(intervalsOf(timelineOf(facts, model), model), model, at);
  const isWanted = (key: string): boolean => wants.some(({ packageKey }) => packageKey === key);
  if (!held.every(isWanted)) return { rank: facts.some(isUrgent) ? 'urgent' : 'removal' };
  const [by] = wants
    .filter(({ packageKey }) => !held.includes(packageKey))
    .map(({ firstDay, zone }) => timeOfDay(firstDay, model.readyAt, zone))
    .sort();
  return { rank: 'grant', ...(by !== undefined && { by }) };
}

const RANKS: Readonly<Record<Priority['rank'], string>> = { urgent: '0', removal: '1', grant: '2' };

/**
 * A priority as a text that sorts, the first one first. Everybody whose time has come at `time` (milliseconds since 1970) is
 * equally late.
 */
export function groupOf({ rank, by }: Priority, time: number): string {
  if (rank !== 'grant') return RANKS[rank];
  const isAhead = by !== undefined && Date.parse(by) > time;
  return `${RANKS.grant} ${isAhead ? by : ''}`;
}
