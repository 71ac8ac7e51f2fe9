import type { Call, Dependency } from '../proxies/tap';

/**
 * A call of one kind of event, as every event of that kind makes it: `nth` counts the calls of the same name. By its
 * number alone it could not be found again, since parallel calls overtake each other and a host reads some things only once.
 */
export type NamedCall = { to: Dependency; name: string; nth: number };

/** The host dies before the call leaves, or after it was done and before its answer arrives. */
export type CrashPoint = NamedCall & { side: 'before' | 'after' };

/** What tells the calls of two events apart and is no part of what is asked for: ids, hashes, times, numbers, shards. */
const OF_ONE_EVENT: readonly (readonly [RegExp, string])[] = [
  [/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>'],
  [/[\da-f]{64}/g, '<event>'],
  [/\d{16}/g, '<time>'],
  [/-\d+(?=\D|$)/g, '-<n>'],
  [/shard-[\da-f](?=\W)/g, 'shard-<n>'],
];

/** The name of a call without what belongs to one event. */
export const nameOf = ({ what }: Pick<Call, 'what'>): string =>
  OF_ONE_EVENT.reduce((text, [own, mark]) => text.replace(own, mark), what);

/** The calls in their order, each with its name and its place among those of that name. */
export function named(calls: readonly Call[]): NamedCall[] {
  const count = new Map<string, number>();
  return calls.map((call) => {
    const name = nameOf(call);
    const nth = (count.get(name) ?? 0) + 1;
    count.set(name, nth);
    return { to: call.to, name, nth };
  });
}

export const pointsOf = (calls: readonly NamedCall[]): CrashPoint[] =>
  calls.flatMap((call) => [
    { ...call, side: 'before' },
    { ...call, side: 'after' },
  ]);

export const textOf = ({ to, name, nth }: NamedCall): string =>
  `${to} ${name}${nth === 1 ? '' : `, time ${nth}`}`;
