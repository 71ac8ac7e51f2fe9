import { endsOf, type ClosedChain } from '../domain/evidence/chain';
import { daysBetween, hourAfter, hourOf, startOf } from '../domain/evidence/hours';
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

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** An hour is sealed when it has been over for so long: clocks differ, and a row is written before it can be read. */
const GRACE_MS = 4 * MINUTE_MS;

/** A row is indexed by the day on which its run went on, and may be written so many days later. The first seal looks back as far. */
const LATE_DAYS = 7;

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
  const last = hourAfter(hourOf(now - GRACE_MS), -1);
  const known = await seals.hours();
  const newest = known.at(-1);
  let hour = newest === undefined ? last : hourAfter(newest);
  if (hour > last) return;
  const since = startOf(hour) - LATE_DAYS * DAY_MS;
  const read = await readSeals(
    seals,
    known.filter((one) => one >= hourOf(since)),
  );
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

async function readSeals(seals: Pick<Seals, 'read'>, hours: readonly string[]): Promise<Seal[]> {
  return mapConcurrent(AT_ONCE, hours, async (hour) => {
    const seal = await seals.read(hour);
    if (seal === undefined || seal === 'unreadable')
      throw new Error(`the seal of ${hour} cannot be read`);
    return seal;
  });
}

type Closed = { leaf: SealLeaf; closedAt: string };

/** What has closed and was indexed since an instant, without most of what is sealed. */
async function closedSince(
  audit: SealServices['audit'],
  { since, now, read }: { since: number; now: number; read: readonly Seal[] },
): Promise<Closed[]> {
  const sealedIn = new Map<string, number>();
  for (const { hour, leaves } of read)
    for (const { eventHash, bodyHash = eventHash ?? '' } of leaves)
      sealedIn.set(bodyHash, startOf(hour));
  // An attempt after the sealed one is indexed after it. The day covers a seal that was late.
  const isOver = ({ eventHash, bodyHash = eventHash ?? '', lastAt }: Indexed): boolean => {
    const at = sealedIn.get(bodyHash);
    return at !== undefined && (eventHash === undefined || lastAt < at - DAY_MS);
  };
  const lists = await mapConcurrent(4, daysBetween(since, now), (day) => audit.indexed({ day }));
  const open = lists.flat().filter((subject) => !isOver(subject));
  const subjects = new Map(
    open.map((subject) => [subject.eventHash ?? subject.bodyHash, subject] as const),
  );
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

const closedOf = (
  subject: Pick<SealLeaf, 'eventHash' | 'bodyHash'>,
  { attempt, seq, hash, trail, closedAt }: ClosedChain,
): Closed[] => {
  // A row that somebody changed before it was sealed must not keep the others from it.
  const { data: leaf } = SealLeaf.safeParse({ ...subject, attempt, seq, head: hash, trail });
  return leaf ? [{ leaf, closedAt }] : [];
};
