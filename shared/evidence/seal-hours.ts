import { endsOf, type ClosedChain } from '../domain/evidence/chain';
import {
  daysBetween,
  hourAfter,
  hourOf,
  SEALED_AFTER_MS,
  SEALED_WITHIN_DAYS,
  startOf,
} from '../domain/evidence/hours';
import { NO_ROOT, SealLeaf, sealOf, subjectOf, type Seal } from '../domain/evidence/seal';
import type { Log } from '../log';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import type { Indexed } from '../storage/audit-index';
import type { Seals } from '../storage/seals';

export type SealServices = {
  audit: Pick<LedgerReader, 'rowsOf' | 'refusalRow' | 'indexed'>;
  seals: Pick<Seals, 'hours' | 'read' | 'add'>;
};

const DAY_MS = 86_400_000;

const AT_ONCE = 32;

/**
 * Seals every hour that is over and has no seal: the ends of all chains that had closed by its end and are in no seal yet.
 * Seals are all that it goes by, so after a crash the next call goes on; of two at the same time one writes a seal, and the
 * other goes on with that.
 */
export async function sealHours(
  { audit, seals }: SealServices,
  now: number,
  log: Log,
): Promise<void> {
  const last = hourAfter(hourOf(now - SEALED_AFTER_MS), -1);
  // One of an hour that is not over yet is not ours, or the clock of another instance is ahead.
  const known = (await seals.hours()).filter((one) => one <= last);
  const newest = known.at(-1);
  let hour = newest === undefined ? last : hourAfter(newest);
  if (hour > last) return;
  const since = startOf(hour) - SEALED_WITHIN_DAYS * DAY_MS;
  const before = known.filter((one) => one >= hourOf(since));
  const read = await readSeals(seals, before, log);
  const sealed = new Set(read.flatMap(({ leaves }) => leaves.map(subjectOf)));
  const closed = (await closedSince(audit, { since, now, read })).filter(
    ({ closedAt }) => Date.parse(closedAt) >= since,
  );
  let previous = read.at(-1)?.root ?? NO_ROOT;
  for (; hour <= last; hour = hourAfter(hour)) {
    const end = new Date(startOf(hourAfter(hour))).toISOString();
    const leaves = closed.filter(
      ({ leaf, closedAt }) => closedAt < end && !sealed.has(subjectOf(leaf)),
    );
    const seal = await seals.add(
      sealOf({ hour, previous, leaves: leaves.map(({ leaf }) => leaf) }),
    );
    for (const leaf of seal.leaves) sealed.add(subjectOf(leaf));
    previous = seal.root;
    log({ what: 'sealed', hour, root: seal.root, leaves: seal.leaves.length });
  }
}

/** Without those that cannot be read: they stay where they are, and must not keep later hours from being sealed. */
async function readSeals(
  seals: Pick<Seals, 'read'>,
  hours: readonly string[],
  log: Log,
): Promise<Seal[]> {
  const read = await mapConcurrent(AT_ONCE, hours, async (hour) => {
    const seal = await seals.read(hour);
    if (seal !== undefined && seal !== 'unreadable') return [seal];
    log({ what: 'seal-unreadable', hour });
    return [];
  });
  return read.flat();
}

type Closed = { leaf: SealLeaf; closedAt: string };

/** What has closed and was indexed since an instant, without most of what is sealed. */
async function closedSince(
  audit: SealServices['audit'],
  { since, now, read }: { since: number; now: number; read: readonly Seal[] },
): Promise<Closed[]> {
  const lists = await mapConcurrent(4, daysBetween(since, now), (day) => audit.indexed({ day }));
  const subjects = new Map<string, Indexed>();
  for (const one of lists.flat()) {
    const key = one.eventHash ?? one.bodyHash;
    const { entries = 0, lastAt = 0 } = subjects.get(key) ?? {};
    const total = { entries: entries + one.entries, lastAt: Math.max(lastAt, one.lastAt) };
    subjects.set(key, { ...one, ...total });
  }
  for (const { key, attempts, end } of sealedSubjects(read)) {
    const { entries = 0, lastAt = 0 } = subjects.get(key) ?? {};
    // Each attempt is indexed when it begins, so one that is not sealed is one entry more, or a later one.
    if (entries <= attempts && lastAt < end) subjects.delete(key);
  }
  const found = await mapConcurrent(AT_ONCE, [...subjects.values()], async (subject) => {
    if (subject.bodyHash === undefined) {
      const { eventHash } = subject;
      return endsOf(await audit.rowsOf(eventHash)).flatMap((end) => closedOf({ eventHash }, end));
    }
    const { bodyHash } = subject;
    const row = await audit.refusalRow(bodyHash);
    return row ? endsOf([row]).flatMap((end) => closedOf({ bodyHash }, end)) : [];
  });
  const bySubject = new Map(found.flat().map((one) => [subjectOf(one.leaf), one]));
  return [...bySubject.values()];
}

/** Of each event and refused body: how many attempts are in seals, and when the hour of the last ended. */
function sealedSubjects(seals: readonly Seal[]) {
  const found = new Map<string, { key: string; attempts: number; end: number }>();
  for (const { hour, leaves } of seals)
    for (const { eventHash, bodyHash = eventHash ?? '' } of leaves) {
      const attempts = (found.get(bodyHash)?.attempts ?? 0) + 1;
      found.set(bodyHash, { key: bodyHash, attempts, end: startOf(hourAfter(hour)) });
    }
  return found.values();
}

const closedOf = (
  subject: Pick<SealLeaf, 'eventHash' | 'bodyHash'>,
  { attempt, seq, hash, trail, closedAt }: ClosedChain,
): Closed[] => {
  // A row that somebody changed before it was sealed must not keep the others from it.
  const { data: leaf } = SealLeaf.safeParse({ ...subject, attempt, seq, head: hash, trail });
  return leaf ? [{ leaf, closedAt }] : [];
};
