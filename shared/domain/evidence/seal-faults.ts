import type { Fault } from './fault';
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
export const NO_SEALS: Fault = { code: 'seals-behind', text: 'there is no seal' };
