import { endsOf, type KnownEnd, type PlacedRow } from './chain';
import { textOf } from './event-faults';
import type { Fault } from './fault';
import { hourAfter, hourOf } from './hours';
import { NO_ROOT, rootMatches, type Seal } from './seal';

/** What is in the place of each hour, without a gap between the hours. `none`: it is before the first seal. */
type Read = { hour: string; seal: Seal | 'unreadable' | 'none' | undefined };

/** The faults of consecutive hours: each has a seal, each is what was sealed, and each follows from the one before. */
export function sealFaults(read: readonly Read[]): Fault[] {
  return read.flatMap(({ hour, seal }, at): Fault[] => {
    if (seal === 'none') return [];
    if (seal === undefined)
      return [{ code: 'hour-missing', hour, text: 'its seal is gone, and a later one is there' }];
    if (seal === 'unreadable' || seal.hour !== hour || !rootMatches(seal))
      return [{ code: 'seal-changed', hour, text: 'its root is not that of its content' }];
    const { seal: before, hour: hourBefore } = read[at - 1] ?? {};
    if (before === undefined || before === 'unreadable' || hourBefore === undefined) return [];
    if (before === 'none')
      return seal.previous === NO_ROOT
        ? []
        : [{ code: 'hour-missing', hour: hourBefore, text: 'the first seal follows another one' }];
    if (before.root === seal.previous || !rootMatches(before)) return [];
    // If the next one does not know the root of this one either, this one was made anew, and is named there.
    const { seal: next } = read[at + 1] ?? {};
    if (typeof next === 'object' && next.previous !== seal.root) return [];
    return [{ code: 'seal-forked', hour: hourBefore, text: 'the next seal follows another root' }];
  });
}

/** Without a seal nothing shows that a whole event is gone. */
export const NO_SEALS: Fault = {
  code: 'seals-behind',
  text: 'there is no seal; the app makes the first one when its first hour is over',
};

/** No hour is sealed before it is over. */
export const sealAhead = (hour: string): Fault => ({
  ...{ code: 'seal-changed', hour, text: 'it is of an hour that is still ahead' },
});

/** No seal is among those that were asked for: nothing of them can be checked. */
export const NO_SEAL_IN_RANGE: Fault = {
  code: 'seals-behind',
  text: 'no hour of this range is sealed',
};

/** The hours that were looked at; the seals of `missing` are gone. */
export type Hours = { from: string; to: string; missing: string[] };

/** An event or a refused body, and its ends in seals. */
type Sealed = { eventHash?: string; bodyHash?: string; sealed: readonly KnownEnd[] };

/** By so much the clock of whoever verifies may be behind. */
export const SKEW_MS = 3_600_000;

/** The attempts that had closed when the seal of the hour after was made, and are in no seal. */
export function notSealed(
  { eventHash, bodyHash, sealed }: Sealed,
  rows: readonly PlacedRow[],
  hours: Hours | undefined,
  now: number,
): Fault[] {
  if (!hours) return [];
  const { from, to, missing } = hours;
  const [event, worker] = ['eventId', 'workerId'].map((name) => textOf(rows[0], name));
  return endsOf(rows).flatMap(({ attempt, seq, closedAt }) => {
    // Who writes a chain may give it any time, also one of which the seal is still to come.
    const isPast = Date.parse(closedAt) < now + SKEW_MS;
    const hour = isPast ? hourOf(closedAt) : from;
    const isCovered = hour >= from && hourAfter(hour) <= to;
    // What a seal has sealed that is gone is not the fault of its event.
    const isExcused = missing.some((one) => one >= hour);
    if (!isCovered || isExcused || sealed.some((end) => end.attempt === attempt)) return [];
    return [
      {
        ...{ code: 'not-sealed' as const, attempt, seq, hour },
        ...(event !== undefined && { event }),
        ...(eventHash !== undefined && { eventHash }),
        ...(bodyHash !== undefined && { bodyHash }),
        ...(worker !== undefined && { worker }),
        text: `it closed at ${closedAt}, and no seal has it`,
      },
    ];
  });
}
