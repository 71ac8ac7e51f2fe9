import { createHash } from 'node:crypto';
import { z } from 'zod';
import { padded } from '../domain/events/keys';
import { BrakeKind } from '../domain/lifecycle/gate';
import type { StoredRow } from './storage-port';

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

const Discard = z.object({ brake: z.string(), by: z.string(), reason: z.string() });
export type Discard = z.infer<typeof Discard>;

/** What is known of a person under one kind. `items` are digests of object id and package, all of one length. */
export const Registration = z.object({
  waiting: z
    .object({ number: z.number().int(), facts: z.string(), items: z.string(), since: z.string() })
    .optional(),
  discarded: Discard.extend({ facts: z.string(), items: z.string() }).optional(),
});
export type Registration = z.infer<typeof Registration>;
/** What is known of one person, as `recall` read it. */
export type Recalled = Partial<Record<BrakeKind, Registration>>;

/** The discard that a person made of this removal, if nothing was stated since. */
export function discardOf(known: Recalled, facts: string, removal: PackageOf): Discard | undefined {
  const digest = digestOf(removal);
  const found = Object.values(known).find(
    ({ discarded }) => discarded?.facts === facts && isIn(discarded.items, digest),
  );
  return found?.discarded;
}

export const PAGE = 1000;
/** Rows of a window that another process may still count, by a clock that is so far behind. */
export const SPARE_MS = 10 * 60_000;

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
export const PASSED = 'passed-';
export const passedKey = (at: number, person?: string): string =>
  `${PASSED}${padded(at, 16)}${person === undefined ? '' : `-${person}`}`;
export const PASSED_END = 'passed.';
const PASSED_TIME = `${PASSED}${'0'.repeat(16)}-`.length;
export const personPassed = ({ key }: StoredRow): string => key.slice(PASSED_TIME);

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
