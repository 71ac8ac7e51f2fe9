import { z } from 'zod';
import { Attributes } from '../events/event';

/** A reference to another event by its CloudEvents identity. */
export const EventRef = z.object({ source: z.string(), id: z.string() });
export type EventRef = z.infer<typeof EventRef>;

const end = z.string().optional();

/** One employment of a snapshot; `until` is the last day, inclusive. */
const SnapshotSpan = z.object({
  employmentId: z.string(),
  from: z.string(),
  until: end,
  attributes: Attributes,
});

/** What one event states, by its type. Days are `yyyy-mm-dd` in the worker's zone, instants ISO 8601 in UTC. */
export const Content = z.union([
  z.object({
    kind: z.literal('joined'),
    startDate: z.string(),
    endDate: end,
    attributes: Attributes,
  }),
  z.object({
    kind: z.literal('moved'),
    effectiveDate: z.string(),
    endDate: end,
    attributes: Attributes,
  }),
  z.object({ kind: z.literal('left'), lastDay: z.string() }),
  z.object({ kind: z.literal('left'), endsAt: z.string() }),
  z.object({ kind: z.literal('snapshot'), spans: z.array(SnapshotSpan) }),
]);
export type Content = z.infer<typeof Content>;

/** A correction replaces a content; a rescission voids one by reference, or the `joined` of a start date. */
export const Revision = z.union([
  z.object({ kind: z.literal('corrected'), revises: EventRef, content: Content }),
  z.object({ kind: z.literal('rescinded'), revises: EventRef }),
  z.object({ kind: z.literal('rescinded'), startDate: z.string() }),
]);
export type Revision = z.infer<typeof Revision>;

/** One accepted event about a worker. `hash` is the event hash; `time` is in UTC, so that texts compare as times. */
export const Fact = EventRef.extend({
  hash: z.string(),
  time: z.string(),
  sequence: z.number().int().optional(),
  workerId: z.string(),
  employmentId: z.string(),
  timeZone: z.string().optional(),
  previousWorkerId: z.string().optional(),
  states: z.union([Content, Revision]),
});
export type Fact = z.infer<typeof Fact>;

/**
 * A fact as it is stored: of its attributes only those that the model declares. `unstored`: hashes of the names of attributes
 * that the event has and that are not stored.
 */
export const StoredFact = Fact.extend({
  acceptedAt: z.string(),
  unstored: z.array(z.string()).optional(),
});
export type StoredFact = z.infer<typeof StoredFact>;

/** The part of a stored fact that is not about its event: with the columns of an event it makes the fact again. */
export const FactContent = StoredFact.pick({
  ...{ timeZone: true, previousWorkerId: true, states: true, acceptedAt: true, unstored: true },
});
export type FactContent = z.infer<typeof FactContent>;

/** What became of a fact; docs/lifecycle.md explains each. */
export const Fate = z.enum(['current', 'superseded', 'rescinded', 'corrected', 'ignored']);
export type Fate = z.infer<typeof Fate>;

/**
 * Whether HR stated `one` later than `other`: by sequence where both have one, else by time. At a tie neither is later. This
 * is no order of a whole set, because facts with and without a sequence can go in circles; only pairs are compared.
 */
export function statedLater(one: Fact, other: Fact): boolean {
  const [a, b] = [one.sequence, other.sequence];
  if (a !== undefined && b !== undefined && a !== b) return a > b;
  return one.time > other.time;
}

/** Whether `one` replaces `other` where only one of them can hold: the later one, at a tie the one with the greater hash. */
export const statedAfter = (one: Fact, other: Fact): boolean =>
  statedLater(one, other) || (!statedLater(other, one) && one.hash > other.hash);

/** The facts in an order that depends on nothing but the set: by time, then by hash, each event once. */
export function canonical(facts: Iterable<Fact>): Fact[] {
  const byHash = new Map(Array.from(facts, (fact) => [fact.hash, fact]));
  return [...byHash.values()].sort(compareCanonical);
}

/** A total order of a set, without a meaning of its own beyond time. */
export function compareCanonical(one: Fact, other: Fact): number {
  if (one.time !== other.time) return one.time < other.time ? -1 : 1;
  return one.hash < other.hash ? -1 : 1;
}

/** The one stated last. The facts come in canonical order, so that circles are cut at the same place every time. */
export function statedLast(facts: Fact[]): Fact | undefined {
  return facts.reduce<Fact | undefined>(
    (last, fact) => (last === undefined || statedAfter(fact, last) ? fact : last),
    undefined,
  );
}
