import { z } from 'zod';
import type { Attributes } from '../events/event';

/** A reference to another event by its CloudEvents identity. */
export type EventRef = { source: string; id: string };

/** One employment of a snapshot; `until` is the last day, inclusive. */
export type SnapshotSpan = {
  employmentId: string;
  from: string;
  until?: string | undefined;
  attributes: Attributes;
};

/** What one event states, by its type. Days are `yyyy-mm-dd` in the worker's zone, instants ISO 8601 in UTC. */
export type Content =
  | { kind: 'joined'; startDate: string; endDate?: string | undefined; attributes: Attributes }
  | { kind: 'moved'; effectiveDate: string; endDate?: string | undefined; attributes: Attributes }
  | { kind: 'left'; lastDay: string }
  | { kind: 'left'; endsAt: string }
  | { kind: 'snapshot'; spans: SnapshotSpan[] };

/** A correction replaces a content; a rescission voids one by reference, or the `joined` of a start date. */
export type Revision =
  | { kind: 'corrected'; revises: EventRef; content: Content }
  | { kind: 'rescinded'; revises: EventRef }
  | { kind: 'rescinded'; startDate: string };

/** One accepted event about a worker. `hash` is the event hash; `time` is in UTC, so that texts compare as times. */
export type Fact = EventRef & {
  hash: string;
  time: string;
  sequence?: number | undefined;
  workerId: string;
  employmentId: string;
  timeZone?: string | undefined;
  previousWorkerId?: string | undefined;
  states: Content | Revision;
};

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
