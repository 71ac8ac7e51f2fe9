import { eventFaults, refusalFaults } from '../domain/evidence/event-faults';
import type { KnownEnd, PlacedRow } from '../domain/evidence/chain';
import type { Fault } from '../domain/evidence/fault';
import { daysBetween, hourAfter, hourOf, SEAL_DUE_MS, startOf } from '../domain/evidence/hours';
import { sealedEnd, subjectOf, type Seal } from '../domain/evidence/seal';
import {
  NO_SEAL_IN_RANGE,
  NO_SEALS,
  notSealed,
  sealAhead,
  sealFaults,
  SKEW_MS,
  type Hours,
} from '../domain/evidence/seal-faults';
import { groupBy } from '../group-by';
import { mapConcurrent } from '../promises';
import { createClaimReader } from './claim-reader';
import type { LedgerReader } from '../storage/audit';
import type { Claims } from '../storage/claims';
import type { Seals } from '../storage/seals';
import { createIndexCheck, type NamedByDay } from './index-faults';

export type VerifyStores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'rowsOf' | 'refusalRow' | 'indexed'>;
  seals: Pick<Seals, 'hours' | 'read'>;
};

/**
 * An event or a refused body, by its hash, that retention has removed on a day, by a record that was checked before. `before`:
 * the first day that was kept; what is sealed on it or later is another chain, of the same event come again.
 */
export type Removal = { hash: string; day: string; before: string };

/** Hours from `from` to `to`, both inclusive; by default all that are sealed, and what has closed since. */
export type Range = { from?: string | undefined; to?: string | undefined };

export type Verification = {
  /** The first and the last hour that were looked at, and the root of the last seal among them. */
  from?: string;
  to?: string;
  root: string | undefined;
  seals: number;
  events: number;
  refusals: number;
  rows: number;
  /** Of events that retention has removed, by the day of their removal. */
  removed: { day: string; events: number; refusals: number }[];
  /** What was done to seals, then to events by the hour of their seal. */
  faults: Fault[];
  notes: string[];
};

const CLAIMS_UNREAD =
  'what is not sealed yet was not compared with the claims, because you may not read them. An operator can check that';

const AT_ONCE = 32;
/** An hour in which so many events closed and of which none is left was removed as a whole. */
const WHOLE_HOUR = 2;

type Subject = {
  eventHash?: string;
  bodyHash?: string;
  /** The ends in seals, and the hour of the first. */
  sealed: KnownEnd[];
  hour?: string;
  indexedAt?: number;
  /** The day on which retention removed what was sealed before. */
  removed?: string | undefined;
};

/**
 * Checks seals, rows and claims against each other, from what is stored alone: it knows nothing of what the writer remembers.
 * Every seal has to follow from the one before, every sealed chain has to be there to its end, and every chain that has
 * closed has to be sealed.
 */
export async function verifyAudit(
  stores: VerifyStores,
  { now, removals = [], ...range }: Range & { now: number; removals?: readonly Removal[] },
): Promise<Verification> {
  const { seals, faults, hours } = await checkSeals(stores.seals, range, now);
  const removalOf = new Map(removals.map((removal) => [removal.hash, removal]));
  const { found, byDay } = await subjectsIn(stores.audit, seals, removalOf, { ...range, now });
  const checkIndex = createIndexCheck(stores.audit, byDay);
  const readClaim = createClaimReader(stores.claims);
  const checkedOf = async (
    subject: Subject,
    rows: readonly PlacedRow[],
    list: Fault[],
  ): Promise<Checked> => {
    if (rows.length === 0 && isRemoved(subject)) return { subject, rows: 0, list: [], others: [] };
    const hash = subject.eventHash ?? subject.bodyHash ?? '';
    const others =
      list.length > 0
        ? []
        : [...notSealed(subject, rows, hours, now), ...(await checkIndex(hash, rows))];
    return { subject, list, rows: rows.length, others };
  };
  const check = async (subject: Subject): Promise<Checked> => {
    const { eventHash, bodyHash = '', sealed, indexedAt } = subject;
    if (eventHash === undefined) {
      const row = await stores.audit.refusalRow(bodyHash);
      const list = refusalFaults(bodyHash, row, { indexedAt, sealed: sealed[0] }, now);
      return checkedOf(subject, row ? [row] : [], list);
    }
    const read = async () => {
      const rows = await stores.audit.rowsOf(eventHash);
      const evidence = { eventHash, rows, claim: await readClaim(eventHash), sealed, indexedAt };
      return { rows, list: eventFaults(evidence, now) };
    };
    const once = await read();
    // It may have closed after its rows were read, and before its claim was.
    const { rows, list } = once.list.length === 0 ? once : await read();
    return checkedOf(subject, rows, list);
  };
  const checked = await mapConcurrent(AT_ONCE, found, check);
  const removed = groupBy(
    found.filter((subject) => subject.removed !== undefined),
    (subject) => subject.removed ?? '',
  );
  return {
    ...(hours && { from: hours.from, to: hours.to }),
    root: seals.at(-1)?.root,
    seals: seals.length,
    events: found.filter(({ eventHash }) => eventHash !== undefined).length,
    refusals: found.filter(({ bodyHash }) => bodyHash !== undefined).length,
    rows: checked.reduce((sum, { rows }) => sum + rows, 0),
    removed: [...removed].sort().map(([day, all]) => {
      const events = all.filter(({ eventHash }) => eventHash !== undefined).length;
      return { day, events, refusals: all.length - events };
    }),
    faults: [...faults, ...wholeHours(checked), ...checked.flatMap(({ others }) => others)],
    notes: readClaim.isRefused() ? [CLAIMS_UNREAD] : [],
  };
}

type Checked = {
  subject: Subject;
  rows: number;
  list: Fault[];
  /** Of one that has no faults: that no seal has it, or an index does not name it. */
  others: Fault[];
};

const isRemoved = ({ removed, sealed }: Subject): boolean =>
  removed !== undefined && sealed.length === 0;

/** Reads the seals of the range and the one before, and checks that each follows from the one before. */
async function checkSeals(
  seals: VerifyStores['seals'],
  range: Range,
  now: number,
): Promise<{ seals: Seal[]; faults: Fault[]; hours?: Hours }> {
  const all = await seals.hours();
  const known = all.filter((hour) => hour <= hourOf(now + SKEW_MS));
  const ahead = all.slice(known.length).map(sealAhead);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return { seals: [], faults: [NO_SEALS, ...ahead] };
  const from = range.from !== undefined && range.from > first ? range.from : first;
  const to = range.to !== undefined && range.to < last ? range.to : last;
  if (from > to) return { seals: [], faults: [NO_SEAL_IN_RANGE] };
  const hours: string[] = [];
  for (let hour = hourAfter(from, -1); hour <= to; hour = hourAfter(hour)) hours.push(hour);
  const read = await mapConcurrent(AT_ONCE, hours, async (hour) => ({
    ...{ hour, seal: hour < first ? ('none' as const) : await seals.read(hour) },
  }));
  // That the first hour does not follow from the one before is the fault of that one.
  const isAsked = ({ code, hour = '' }: Fault): boolean =>
    hour >= from || from === first || (code === 'seal-forked' && hourAfter(hour) === from);
  const isBehind = range.to === undefined && last < hourAfter(hourOf(now - SEAL_DUE_MS), -1);
  const behind = { code: 'seals-behind', hour: last, text: 'no later hour is sealed' } as const;
  return {
    seals: read.flatMap(({ hour, seal }) =>
      typeof seal === 'object' && hour >= from ? [seal] : [],
    ),
    faults: [...sealFaults(read).filter(isAsked), ...(isBehind ? [behind] : []), ...ahead],
    hours: { from, to, missing: read.flatMap(({ hour, seal }) => (seal ? [] : [hour])) },
  };
}

/** What is sealed in the range, in the order of its seals, then what the index names besides. */
async function subjectsIn(
  audit: VerifyStores['audit'],
  seals: readonly Seal[],
  removalOf: ReadonlyMap<string, Removal>,
  { from, to, now }: Range & { now: number },
): Promise<{ found: Subject[]; byDay: NamedByDay }> {
  const subjects = new Map<string, Subject>();
  const seen = new Set<string>();
  for (const { hour, leaves } of seals)
    for (const leaf of leaves) {
      const { eventHash, bodyHash } = leaf;
      const key = eventHash ?? bodyHash ?? '';
      const { before = '', day: removed } = removalOf.get(key) ?? {};
      if (seen.has(subjectOf(leaf))) continue;
      if (hour >= before) seen.add(subjectOf(leaf));
      const subject = subjects.get(key) ?? {
        ...(eventHash === undefined ? { bodyHash: key } : { eventHash }),
        ...{ sealed: [], hour },
      };
      if (hour < before) subject.removed = removed;
      else subject.sealed.push(sealedEnd(leaf));
      subjects.set(key, subject);
    }
  const start = from ?? seals[0]?.hour;
  const days = daysBetween(
    start === undefined ? now : startOf(start),
    to === undefined ? now : startOf(to),
  );
  const indexed = await mapConcurrent(4, days, (day) => audit.indexed({ day }));
  const hashes = new Set<string>();
  for (const { eventHash, bodyHash, at } of indexed.flat()) {
    const key = eventHash ?? bodyHash;
    hashes.add(key);
    const subject = subjects.get(key) ?? {
      ...(eventHash === undefined ? { bodyHash: key } : { eventHash }),
      sealed: [],
    };
    subjects.set(key, { ...subject, indexedAt: Math.min(at, subject.indexedAt ?? at) });
  }
  return { found: [...subjects.values()], byDay: { days, hashes } };
}

/** The faults of all events; those of an hour of which no event is left are one. */
function wholeHours(checked: readonly Checked[]): Fault[] {
  const gone = new Map<string, boolean>();
  const counts = new Map<string, number>();
  for (const { subject, rows, list } of checked) {
    const { hour } = subject;
    if (hour === undefined) continue;
    const isGone = rows === 0 && list.length > 0;
    gone.set(hour, isGone && gone.get(hour) !== false);
    counts.set(hour, (counts.get(hour) ?? 0) + 1);
  }
  const isWhole = (hour = ''): boolean =>
    gone.get(hour) === true && (counts.get(hour) ?? 0) >= WHOLE_HOUR;
  const hours = [...gone.keys()].filter(isWhole).map((hour) => ({
    ...{ code: 'hour-missing' as const, hour },
    text: `none of the ${counts.get(hour) ?? 0} chains that are sealed there is left`,
  }));
  return [...hours, ...checked.flatMap(({ subject, list }) => (isWhole(subject.hour) ? [] : list))];
}
