import type { Call, Dependency } from '../proxies/tap';

/**
 * A call that every event of one kind makes. `nth` counts the calls of the same name. The number of the call alone would
 * not find it again: parallel calls overtake each other, and a host reads some things only once.
 */
export type NamedCall = { to: Dependency; name: string; nth: number };

/** The host is killed before the call leaves, or after it was carried out and before its answer arrives. */
export type CrashPoint = NamedCall & { side: 'before' | 'after' };

/** What differs between the same calls of two events: ids, hashes, times, numbers, shards, generations. */
const EVENT_SPECIFIC: readonly (readonly [RegExp, string])[] = [
  [/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>'],
  [/[\da-f]{64}/g, '<event>'],
  [/\d{16}/g, '<time>'],
  [/(shard|found)-[\da-f]{1,2}(?=\W)/g, '$1-<n>'],
  [/-\d+(?=\D|$)/g, '-<n>'],
  [/\d{10}-(?=[a-z])/g, '<generation>-'],
];

/** The name of a call, the same for every event of one kind. */
export const nameOf = ({ what }: Pick<Call, 'what'>): string =>
  EVENT_SPECIFIC.reduce(
    (text, [specific, placeholder]) => text.replace(specific, placeholder),
    what,
  );

/** The calls in order, each with its name and its number among the calls of that name. */
export function nameCalls(calls: readonly Call[]): NamedCall[] {
  const count = new Map<string, number>();
  return calls.map((call) => {
    const name = nameOf(call);
    const nth = (count.get(name) ?? 0) + 1;
    count.set(name, nth);
    return { to: call.to, name, nth };
  });
}

/** Of the calls of each name the first and the last one. */
export function firstAndLast(calls: readonly NamedCall[]): NamedCall[] {
  const keyOf = ({ to, name }: NamedCall): string => `${to} ${name}`;
  const last = new Map(calls.map((call) => [keyOf(call), call.nth]));
  return calls.filter((call) => call.nth === 1 || call.nth === last.get(keyOf(call)));
}

export const pointsOf = (calls: readonly NamedCall[]): CrashPoint[] =>
  calls.flatMap((call) => [
    { ...call, side: 'before' },
    { ...call, side: 'after' },
  ]);

export const textOf = ({ to, name, nth }: NamedCall): string =>
  `${to} ${name}${nth === 1 ? '' : `, time ${nth}`}`;
