import { z } from 'zod';
import { endsOf, type KnownEnd } from '../domain/evidence/chain';
import { chainFaults, refusalFault } from '../domain/evidence/chain-faults';
import { textOf } from '../domain/evidence/event-faults';
import {
  fingerprintOf,
  NO_RECORD,
  recordHash,
  RemovalRecord,
  removalProblems,
  signRemoval,
} from '../domain/evidence/removal';
import type { SealLeaf } from '../domain/evidence/seal';
import type { Fault } from '../domain/evidence/fault';
import type { Removal } from '../evidence/verify';
import { groupBy } from '../group-by';
import { mapConcurrent } from '../promises';
import { claimOrUnreadable } from '../evidence/claim-reader';
import { refusalsOf } from '../storage/audit-index';
import type { Claims } from '../storage/claims';
import type { RemovalRecords } from '../storage/removal-records';
import type { Seals } from '../storage/seals';
import type { Table } from '../storage/storage-port';

export type RetentionStores = {
  audit: Pick<Table, 'list' | 'read' | 'remove'>;
  index: Pick<Table, 'scan' | 'remove'>;
  claims: Pick<Table, 'list' | 'remove'> & { claim: Claims['read'] };
  seals: Pick<Seals, 'hours' | 'read'>;
  records: RemovalRecords;
};

type Place = { partition: string; key: string };
/** An event or a refused body whose time is over, by its hash, and its rows in each table. */
type Removable = {
  subject: string;
  isBody: boolean;
  /** An earlier call has recorded it, and broke off. */
  isRecorded: boolean;
  audit: Place[];
  claims: Place[];
  auditIndex: Place[];
  /** The rows of the index of days: they are removed last, because they lead here. */
  days: Place[];
};

/** Why something of the period stays. */
const KEPT = ['open', 'closed-later', 'not-sealed', 'does-not-verify'] as const;
type Kept = (typeof KEPT)[number];

export type RetentionPlan = { before: string; removable: Removable[]; kept: Record<Kept, number> };

const count = z.number().int().nonnegative();
/** What a call has removed, or would remove. */
export const Retained = z.strictObject({
  ...{ before: z.string(), isDone: z.boolean(), events: count, refusals: count },
  rows: RemovalRecord.shape.rows,
  kept: z.record(z.enum(KEPT), count),
  /** The records that it has written. `key`: the fingerprint of the key that signed. */
  records: z.array(z.strictObject({ number: count, hash: z.string(), key: z.string() })),
});
export type Retained = z.infer<typeof Retained>;

const AT_ONCE = 32;

/**
 * What is over: events that closed before a UTC day, with all their attempts, and bodies that were refused before it. Only
 * what is sealed and verifies: what somebody touched must not disappear with its traces. Reads, and removes nothing.
 * `trusted`: the public key of who is to remove it, and former ones. What a record of another key names is judged like
 * everything else, because whoever may add to the container could write one.
 */
export async function planRetention(
  stores: RetentionStores,
  before: string,
  trusted?: readonly string[],
): Promise<RetentionPlan> {
  const found = new Map<string, Candidate>();
  for await (const rows of stores.index.scan({ after: 'day-', before: `day-${before}` }))
    for (const { partition, key, columns } of rows) {
      const subject = key.slice(TIME);
      const isBody = columns['key'] !== undefined;
      const one = found.get(subject) ?? { subject, isBody, before, sealed: [], days: [] };
      one.days.push({ partition, key });
      found.set(subject, one);
    }
  for (const { eventHash, bodyHash, ...leaf } of await leavesBefore(stores.seals, before))
    found.get(eventHash ?? bodyHash ?? '')?.sealed.push({ ...leaf, hash: leaf.head });
  const kept: RetentionPlan['kept'] = {
    ...{ open: 0, 'closed-later': 0, 'not-sealed': 0, 'does-not-verify': 0 },
  };
  const records = await stores.records.all();
  const recorded = groupBy(checkRemovals(records, trusted).removals, ({ hash }) => hash);
  const judged = await mapConcurrent(AT_ONCE, [...found.values()], async (one) =>
    judge(stores, one, recorded.get(one.subject) ?? []),
  );
  for (const one of judged) if (typeof one === 'string') kept[one] += 1;
  return { before, removable: judged.filter((one) => typeof one !== 'string'), kept };
}

type Candidate = {
  subject: string;
  isBody: boolean;
  before: string;
  /** The ends of its chains by the seals of the period. */
  sealed: (KnownEnd & Pick<SealLeaf, 'trail'>)[];
  days: Place[];
};
/** Keys of the index begin with a time and a hyphen. */
const TIME = 17;

async function leavesBefore(seals: RetentionStores['seals'], before: string): Promise<SealLeaf[]> {
  const hours = (await seals.hours()).filter((hour) => hour < before);
  const read = await mapConcurrent(AT_ONCE, hours, seals.read);
  return read.flatMap((seal) => (seal && seal !== 'unreadable' ? seal.leaves : []));
}

/** What a record names is taken to its end: that removal may have broken off. */
async function judge(
  stores: RetentionStores,
  candidate: Candidate,
  recorded: readonly Removal[],
): Promise<Removable | Kept> {
  const { subject, isBody, before, sealed, days } = candidate;
  const partition = isBody ? refusalsOf(subject) : subject;
  const [row] = isBody ? [await stores.audit.read(partition, subject)] : [];
  const rows = isBody ? (row ? [row] : []) : await stores.audit.list(partition);
  const claim = isBody ? undefined : await claimOrUnreadable(stores.claims.claim(subject));
  if (claim === 'unreadable') return 'does-not-verify';
  const ends = endsOf(rows);
  // The same event may have come again since, and has a chain of its own then.
  const times = [...rows.map((one) => textOf(one, 'recordedAt')), claim?.fact.receivedAt];
  const isRecorded = recorded.some((removal) => times.every((time = '') => time < removal.before));
  if (!isRecorded) {
    if (claim && claim.state !== 'closed') return 'open';
    if (rows.length > 0 && ends.length === 0) return 'open';
    if (ends.some(({ closedAt }) => closedAt >= before)) return 'closed-later';
    if (sealed.length < Math.max(1, ends.length)) return 'not-sealed';
    const claimed = claim?.chain ? [{ attempt: claim.attempt, ...claim.chain }] : [];
    const known = [...sealed, ...claimed];
    const faults = isBody
      ? row && refusalFault(subject, row)
      : chainFaults(subject, rows, known)[0];
    if (faults ?? (rows.length === 0 || (!isBody && !claim))) return 'does-not-verify';
  }
  const { workerId, eventHash } = rows[0]?.columns ?? {};
  const places = [
    ...(typeof workerId === 'string' ? [`worker-${workerId}`] : []),
    ...(isBody && typeof eventHash === 'string' ? [`event-${eventHash}`] : []),
  ];
  return {
    ...{ subject, isBody, isRecorded, days },
    audit: rows.map(({ key }) => ({ partition, key })),
    auditIndex: places.flatMap((place) => days.map(({ key }) => ({ partition: place, key }))),
    claims: (isBody ? [] : await stores.claims.list(subject)).map(({ key }) => ({
      ...{ partition: subject, key },
    })),
  };
}

/** Who removes it, why, and with which key; see `signRemoval`. */
export type RemovalBy = { by: string; reason: string; privateKey: string; at: string };

/** Subjects of one record: a blob of less than a megabyte. */
const MOST_SUBJECTS = 10_000;

/**
 * Removes what was planned. Before each part a signed record of it is written, so that whatever happens, what is gone is
 * recorded; and what leads to an event is removed last, so that the next call goes on after one that broke off.
 */
export async function carryOutRetention(
  stores: RetentionStores,
  { before, removable }: RetentionPlan,
  { privateKey, ...who }: RemovalBy,
): Promise<RemovalRecord[]> {
  const records = await stores.records.all();
  const earlier = records.length;
  const remove = (one: Removable) => removeSubject(stores, one);
  const begun = removable.filter(({ isRecorded }) => isRecorded);
  await mapConcurrent(AT_ONCE, begun, remove);
  const fresh = removable.filter(({ isRecorded }) => !isRecorded);
  for (let from = 0; from < fresh.length; from += MOST_SUBJECTS) {
    const part = fresh.slice(from, from + MOST_SUBJECTS);
    const last = records.at(-1);
    const hashes = (isBody: boolean) =>
      part.filter((one) => one.isBody === isBody).map(({ subject }) => subject);
    const content = {
      number: (last?.number ?? 0) + 1,
      previous: last ? recordHash(last) : NO_RECORD,
      ...{ before, ...who, rows: rowsOf(part) },
      ...{ events: hashes(false).sort(), bodies: hashes(true).sort() },
    };
    const record = signRemoval(content, privateKey);
    await stores.records.add(record);
    records.push(record);
    await mapConcurrent(AT_ONCE, part, remove);
  }
  return records.slice(earlier);
}

/** How many rows of each table are those of what is removed. */
export const rowsOf = (removable: readonly Removable[]): RemovalRecord['rows'] => {
  const count = (of: (one: Removable) => number): number =>
    removable.reduce((sum, one) => sum + of(one), 0);
  return {
    audit: count(({ audit }) => audit.length),
    auditIndex: count(({ auditIndex, days }) => auditIndex.length + days.length),
    claims: count(({ claims }) => claims.length),
  };
};

async function removeSubject(stores: RetentionStores, one: Removable): Promise<void> {
  const { index, audit, claims } = stores;
  for (const { partition, key } of one.auditIndex) await index.remove(partition, key);
  // From the end: what is left of a chain meanwhile is a chain.
  for (const { partition, key } of one.audit.toReversed()) await audit.remove(partition, key);
  for (const { partition, key } of one.claims) await claims.remove(partition, key);
  for (const { partition, key } of one.days) await index.remove(partition, key);
}

/**
 * What the verification has to know of records: what each removed, when, and up to which hour it was sealed; and which of
 * them are not valid. `trusted`: the public keys that may have signed; without them any may, and a note says so.
 */
export function checkRemovals(
  records: readonly RemovalRecord[],
  trusted?: readonly string[],
): { removals: Removal[]; faults: Fault[]; notes: string[] } {
  const problems = removalProblems(records, trusted);
  const keys = [...new Set(records.map(({ publicKey }) => fingerprintOf(publicKey)))];
  return {
    removals: records
      .filter((_, at) => problems[at] === undefined)
      .flatMap(({ events, bodies, before, at }) =>
        [...events, ...bodies].map((hash) => ({ hash, before, day: at.slice(0, 10) })),
      ),
    faults: records.flatMap(({ number, publicKey }, at) => {
      const problem = problems[at];
      if (problem === undefined) return [];
      const whose = problem === 'key-unknown' ? `, signed by ${fingerprintOf(publicKey)}` : '';
      return [
        { code: 'removal-invalid', text: `record ${number} of a removal: ${problem}${whose}` },
      ];
    }),
    notes:
      trusted || keys.length === 0
        ? []
        : [
            `removals were signed by ${keys.join(', ')}; pass --retention-key for each key that may`,
          ],
  };
}
