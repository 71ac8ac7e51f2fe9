import { comparesSeveral, isWorkerId } from '../domain/events/match-attribute';
import { GraphError } from './errors';
import { literal } from './odata';
import { isScoped } from './permissions';

/** Graph takes so many values in one filter. Source: https://learn.microsoft.com/graph/known-issues (query parameters) */
const MOST_VALUES = 15;

/** An advanced query may have an address of 2,048 characters: this leaves room for all but the values. */
const MOST_CHARACTERS = 1500;

/** While people come together, groups are so far apart unless one is full. Who comes alone is looked for at once. */
const PAUSE_MS = 250;

type Lookup<Found> = {
  value: string;
  resolve: (found: Found[] | Promise<Found[]>) => void;
  reject: (error: unknown) => void;
};
type Waiting<Found> = {
  lookups: Lookup<Found>[];
  isTimed: boolean;
  /** Of the last group: when it was sent, and with how many; and how many groups have no answer yet. */
  sentAt: number;
  size: number;
  inFlight: number;
};

/** Finds the people with one of the values, in any spelling. */
type Find<Found> = (attribute: string, values: readonly string[]) => Promise<Found[]>;

/**
 * Finds people in groups: those who are looked for at the same moment share one call. A group proves only whom it finds. For
 * whoever it does not find in their exact spelling Graph is asked alone, so nobody is missing, and nobody gets another spelling,
 * because of the group.
 */
export function createLookups<Found extends { value: string | undefined }>(
  find: Find<Found>,
  pauseMs = PAUSE_MS,
) {
  const byAttribute = new Map<string, Waiting<Found>>();

  const send = (attribute: string, waiting: Waiting<Found>): void => {
    const group = takeGroup(waiting.lookups);
    Object.assign(waiting, { sentAt: performance.now(), size: group.length });
    if (waiting.lookups.length > 0) sendLater(attribute, waiting);
    waiting.inFlight += 1;
    // Counted down before anybody gets their answer, and looks for the next person at once.
    const counted: Find<Found> = (...asked) =>
      find(...asked).finally(() => {
        waiting.inFlight -= 1;
      });
    void findGroup(counted, find, attribute, group);
  };
  const sendLater = (attribute: string, waiting: Waiting<Found>): void => {
    if (waiting.isTimed) return;
    waiting.isTimed = true;
    const { sentAt, size, inFlight } = waiting;
    const isBusy = size > 1 || inFlight > 0;
    const pause = isBusy ? Math.max(0, sentAt + pauseMs - performance.now()) : 0;
    setTimeout(() => {
      waiting.isTimed = false;
      if (waiting.lookups.length > 0) send(attribute, waiting);
    }, pause);
  };
  const waitingFor = (attribute: string): Waiting<Found> => {
    const known = byAttribute.get(attribute);
    if (known) return known;
    const none = { lookups: [], isTimed: false, sentAt: 0, size: 0, inFlight: 0 };
    byAttribute.set(attribute, none);
    return none;
  };

  return (attribute: string, value: string): Promise<Found[]> => {
    if (!comparesSeveral(attribute) || isScoped()) return find(attribute, [value]);
    return new Promise((resolve, reject) => {
      // One value that Graph could not be asked about would fail its whole group.
      literal(value);
      const waiting = waitingFor(attribute);
      waiting.lookups.push({ value, resolve, reject });
      if (waiting.lookups.length >= MOST_VALUES) send(attribute, waiting);
      else sendLater(attribute, waiting);
    });
  };
}

/** Takes from the queue what fits into one filter: at least one. */
function takeGroup<Found>(lookups: Lookup<Found>[]): Lookup<Found>[] {
  let characters = 0;
  const end = lookups.findIndex(({ value }, at) => {
    characters += encodeURIComponent(literal(value)).length + 3;
    return at > 0 && (at >= MOST_VALUES || characters > MOST_CHARACTERS);
  });
  return lookups.splice(0, end === -1 ? lookups.length : end);
}

/** Looks for the people of one group, and settles each of its lookups. */
async function findGroup<Found extends { value: string | undefined }>(
  findTogether: Find<Found>,
  find: Find<Found>,
  attribute: string,
  group: readonly Lookup<Found>[],
): Promise<void> {
  const values = [...new Set(group.map(({ value }) => value))];
  const alone = (value: string): Promise<Found[]> => find(attribute, [value]);
  try {
    const found = await findTogether(attribute, values);
    for (const { value, resolve } of group) {
      const own = values.length === 1 ? found : found.filter((one) => isSpelling(one.value, value));
      const isProven = values.length === 1 || own.some((one) => isWorkerId(one.value, value));
      resolve(isProven ? own : alone(value));
    }
  } catch (error) {
    const isRefused =
      values.length > 1 && error instanceof GraphError && error.fault.status === 400;
    for (const { value, resolve, reject } of group)
      if (isRefused) resolve(alone(value));
      else reject(error);
  }
}

/** Whether two texts differ by no more than the case of letters. */
const isSpelling = (found: string | undefined, value: string): boolean =>
  isWorkerId(found?.toLowerCase(), value.toLowerCase());
