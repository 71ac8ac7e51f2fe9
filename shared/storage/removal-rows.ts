import { createHash } from 'node:crypto';
import { z } from 'zod';
import { padded } from '../domain/events/keys';
import { BrakeKind, Permit } from '../domain/lifecycle/gate';
import { BrakeDecision } from '../domain/lifecycle/plan';
import type { StoredRow, Table } from './storage-port';

/** The removals of one person that one brake decides on together. `facts` is a hash of what the plan knows of the person. */
export type Removals = {
  kind: BrakeKind;
  /** The first worker id of the person. */
  person: string;
  /** The event whose run waits for the answer. */
  eventHash: string;
  facts: string;
  packages: readonly PackageOf[];
};
export type PackageOf = { objectId: string; packageKey: string };

/** `percent` holds from `floor` people on; `people` answers how many have a current employment, or at least `enough`. */
export type RemovalLimits = {
  windowSeconds: number;
  limit: number;
  share?: {
    percent: number;
    floor: number;
    people: (counted: ReadonlySet<string>, enough: number) => Promise<number>;
  };
};

/**
 * A brake that tripped. `id` is `<kind>-<number>`; `counted` is a lower bound of the people at that time. It is open until a
 * person releases or discards it.
 */
export const Brake = z.object({
  kind: BrakeKind,
  number: z.number().int(),
  id: z.string(),
  state: z.enum(['open', 'released', 'discarded']),
  trippedAt: z.string(),
  counted: z.number().int(),
  by: z.string().optional(),
  reason: z.string().optional(),
  closedAt: z.string().optional(),
});
export type Brake = z.infer<typeof Brake>;
export type Closing = { state: 'released' | 'discarded'; by: string; reason: string; at: string };

/** Somebody whose removals wait. */
export const HeldPerson = z.object({
  eventHash: z.string(),
  since: z.string(),
  objectIds: z.array(z.string()),
  packages: z.array(z.string()),
});
export type HeldPerson = z.infer<typeof HeldPerson> & { person: string };

/** Keys of packages in a row that is only shown. */
const MOST_SHOWN = 100;

/** Partition of what people have asked for. */
export const RECHECKS = 'recheck';

/**
 * The event of a recheck: `id` is its CloudEvents id, and `at` when it was asked for (ISO 8601). One with a permit does
 * nothing else.
 */
export const Recheck = z.object({
  ...{ id: z.string(), workerId: z.string(), at: z.string(), by: z.string(), reason: z.string() },
  permit: Permit.optional(),
});
export type Recheck = z.infer<typeof Recheck>;

/** What is known of a person under one kind. `items` are digests of object id and package, all of one length. */
export const Registration = z.object({
  waiting: z
    .object({
      number: z.number().int(),
      facts: z.string(),
      items: z.string(),
      eventHash: z.string(),
      since: z.string(),
    })
    .optional(),
  discarded: BrakeDecision.extend({ facts: z.string(), items: z.string() }).optional(),
});
export type Registration = z.infer<typeof Registration>;
/** What is known of one person, as `recall` read it. */
export type Recalled = Partial<Record<BrakeKind, Registration>>;

/** The discard that a person made of this removal, if nothing was stated since. */
export function discardOf(
  known: Recalled,
  facts: string,
  removal: PackageOf,
): BrakeDecision | undefined {
  const digest = digestOf(removal);
  const found = Object.values(known).find(
    ({ discarded }) => discarded?.facts === facts && isIn(discarded.items, digest),
  );
  return found?.discarded && BrakeDecision.parse(found.discarded);
}

/** Whether a removal is among those that the person waits with. */
export const isWaiting = (known: Recalled, kind: BrakeKind, removal: PackageOf): boolean =>
  isIn(known[kind]?.waiting?.items ?? '', digestOf(removal));

export const PAGE = 1000;
/** Rows of a window that another process may still count, by a clock that is so far behind. */
const SPARE_MS = 10 * 60_000;

export const brakesOf = (kind: BrakeKind): string => `brakes-${kind}`;
export const countsOf = (kind: BrakeKind): string => `counts-${kind}`;
export const personOf = (person: string): string => `person-${person}`;

export const BRAKE = 'brake-';
const HIGHEST = 999_999_999;
/** The latest brake has the lowest key. */
export const brakeKey = (number: number): string => `${BRAKE}${padded(HIGHEST - number, 9)}`;

export const waitingKey = (number: number, person: string): string =>
  `waiting-${padded(number, 9)}-${person}`;
export const waitingRange = (number: number): [from: string, below: string] => [
  `waiting-${padded(number, 9)}-`,
  `waiting-${padded(number, 9)}.`,
];
const PASSED = 'passed-';
const passedKey = (at: number, person?: string): string =>
  `${PASSED}${padded(at, 16)}${person === undefined ? '' : `-${person}`}`;
const PASSED_END = 'passed.';
const PASSED_TIME = `${PASSED}${'0'.repeat(16)}-`.length;
const personPassed = ({ key }: StoredRow): string => key.slice(PASSED_TIME);

const DIGEST = 16;
const digestOf = ({ objectId, packageKey }: PackageOf): string =>
  createHash('sha256')
    .update(JSON.stringify([objectId, packageKey]))
    .digest('hex')
    .slice(0, DIGEST);
/** What a column has room for; what is behind it is not covered and counts anew. */
const MOST_ITEMS = 2000;
export const itemsOf = (packages: readonly PackageOf[]): string =>
  [...new Set(packages.map(digestOf))].sort().slice(0, MOST_ITEMS).join('');

function isIn(items: string, digest: string): boolean {
  for (let at = 0; at < items.length; at += DIGEST) {
    if (items.startsWith(digest, at)) return true;
  }
  return false;
}

/** Whether a decision on what waited holds for these removals: nothing was stated since, and there is nothing more. */
export const covers = (
  waiting: { facts: string; items: string },
  { facts, packages }: Removals,
): boolean =>
  waiting.facts === facts && packages.every((one) => isIn(waiting.items, digestOf(one)));

export const shownOf = ({ eventHash, packages }: Removals, since: string) => ({
  ...{ eventHash, since },
  objectIds: [...new Set(packages.map(({ objectId }) => objectId))].slice(0, MOST_SHOWN),
  packages: [...new Set(packages.map(({ packageKey }) => packageKey))].slice(0, MOST_SHOWN),
});

/** Who counts against a brake: the people who wait under its number, and those who were let through in a time. */
export function createRemovalCounts(table: Table) {
  /** People in a range of rows, until there are more than `most`. */
  async function peopleIn(
    kind: BrakeKind,
    from: string,
    below: string,
    personIn: (row: StoredRow) => string,
    most: number,
    into: Set<string>,
  ): Promise<void> {
    for (let next = from; ;) {
      const atMost = Math.min(most + 1, PAGE);
      const rows = await table.list(countsOf(kind), { from: next, below, atMost });
      for (const row of rows) into.add(personIn(row));
      const last = rows.at(-1);
      if (into.size > most || last === undefined || rows.length < atMost) return;
      next = `${last.key}-`;
    }
  }

  /** Everybody who waits under the number or was let through since `cutoff`; those who wait first, see `pass`. */
  async function count(kind: BrakeKind, number: number, cutoff: number, most: number) {
    const people = new Set<string>();
    const [from, below] = waitingRange(number);
    await peopleIn(kind, from, below, ({ key }) => key.slice(from.length), most, people);
    if (people.size <= most) {
      await peopleIn(kind, passedKey(cutoff), PASSED_END, personPassed, most, people);
    }
    return people;
  }

  /**
   * Counts as removed from now on. The row comes before the removal and before the person stops waiting, and is read after
   * those who wait: nobody who counts misses both.
   */
  async function pass(removals: Removals, at: number, cutoff: number): Promise<void> {
    const { kind, person, eventHash } = removals;
    await table.insert(countsOf(kind), passedKey(at, person), { eventHash });
    // What is out of every window is removed by those who come after, a few rows each.
    const below = passedKey(cutoff - SPARE_MS);
    const old = await table.list(countsOf(kind), { from: PASSED, below, atMost: 4 });
    for (const { partition, key } of old) await table.remove(partition, key);
  }

  return { count, pass };
}

/** Whether more people lose access than the limits allow. */
export async function isTooMany(
  people: ReadonlySet<string>,
  { limit, share }: RemovalLimits,
): Promise<boolean> {
  if (people.size > limit) return true;
  if (share === undefined || people.size < share.floor) return false;
  const enough = Math.ceil((people.size * 100) / share.percent);
  return people.size * 100 > share.percent * (await share.people(people, enough));
}
