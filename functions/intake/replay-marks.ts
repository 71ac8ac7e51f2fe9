import type { ReplayMarks } from '../../shared/domain/events/event';
import { Id } from '../../shared/domain/events/event-members';
import type { Log } from '../../shared/log';

const NAMES = { replayid: 'id', replayreason: 'reason', replayedby: 'by' } as const;

/**
 * The marks of a message that is sent again on purpose: those of its application properties, which are the last thing
 * that a person sets, else those of its body. A property that is no id marks nothing. Names are taken in any case,
 * because the Functions host changes that of properties.
 */
export function replayMarks(
  properties: unknown,
  inBody: ReplayMarks | undefined,
  log: Log,
): ReplayMarks | undefined {
  const set: ReplayMarks = {};
  for (const [property, value] of Object.entries(properties ?? {})) {
    const name = property.toLowerCase();
    if (!isMark(name)) continue;
    const id = Id.safeParse(typeof value === 'number' ? String(value) : value);
    if (id.success) set[NAMES[name]] = id.data;
    else log({ what: 'replay-mark-ignored', property: name });
  }
  return Object.keys(set).length > 0 ? set : inBody;
}

const isMark = (name: string): name is keyof typeof NAMES => Object.hasOwn(NAMES, name);
