import { z } from 'zod';
import { CLOCK } from '../domain/events/event';
import { AuditRow } from '../domain/workflow/audit-entry';
import { groupBy } from '../group-by';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import type { Workers } from '../storage/workers';
import { readable } from './audit';
import { endOf } from './event-end';
import {
  environmentsOf,
  indexedDays,
  isWithin,
  minutesBetween,
  ofEveryReport,
  type BoundedPeriod,
} from './evidence';
import { stepsIn } from './explain';
import { factLines, hashesIn } from './fact-line';
import { openIfAllowed, type OpenEventStores } from './open-events';

export type LeaverStores = OpenEventStores & {
  audit: Pick<LedgerReader, 'ofEvent' | 'rowsOf' | 'subjectsOfDays'>;
  workers: Pick<Workers, 'facts'>;
};

const text = z.string();
const count = z.number().int().nonnegative();
const minutes = z.number();
const ofRow = AuditRow.shape;

/** One access package of somebody who left, or that there was nothing to take. */
export const LeaverLine = z.strictObject({
  worker: text,
  ...{ package: ofRow.packageKey, packageName: ofRow.packageName, account: ofRow.targetId },
  /** `late`: removed, and later than the target. `handed-off`: not ours to take, so a person has to. */
  result: z.enum(['removed', 'late', 'not-removed', 'handed-off', 'nothing-to-remove']),
  /** When the employment ended, when HR had told, and when the access was gone. */
  ...{ endedAt: text, toldAt: text.optional(), removedAt: text.optional() },
  /** From the end, and from when both the end had come and HR had told. */
  ...{ minutesAfterEnd: minutes.optional(), minutesToRemoval: minutes.optional() },
  ...{ outcome: text, reason: ofRow.reason, brake: ofRow.brake, decidedBy: ofRow.decidedBy },
  ...{ event: ofRow.eventId, source: ofRow.eventSource, rowHash: text.optional() },
});
export type LeaverLine = z.infer<typeof LeaverLine>;

export const LeaversContent = z.strictObject({
  report: z.literal('leavers'),
  ...ofEveryReport,
  targetMinutes: minutes,
  ...{ leavers: count, removed: count, late: count, notRemoved: count, handedOff: count },
  /** Of what was removed. */
  ...{ medianMinutes: minutes.optional(), longestMinutes: minutes.optional() },
  lines: z.array(LeaverLine),
});
export type LeaversContent = z.infer<typeof LeaversContent>;

const AT_ONCE = 32;

/** How soon everybody lost their access whose employment had ended, as HR had told, in the period; by its end. */
export async function leaversReport(
  stores: LeaverStores,
  period: BoundedPeriod,
  targetMinutes: number,
): Promise<LeaversContent> {
  const { first } = indexedDays(period);
  // What was open at the end of the period is open still, or was indexed since when it ended.
  const now = new Date().toISOString();
  const { eventHashes } = await stores.audit.subjectsOfDays(first, now.slice(0, 10), now);
  const { open, note } = await openIfAllowed(stores);
  const hashes = [...new Set([...eventHashes, ...open.map(({ eventHash }) => eventHash)])].sort();
  const events = await mapConcurrent(AT_ONCE, hashes, async (hash) => {
    const stored = await stores.audit.rowsOf(hash);
    const known = stored.flatMap(readable).filter(({ recordedAt }) => recordedAt < period.to);
    const isOver = known.at(-1)?.kind === 'closing' && !known.some(isWithin(period));
    const rows = isOver ? [] : known;
    return {
      ...{ rows: rows.length, environments: environmentsOf(rows) },
      endings: endingsIn(rows, period),
    };
  });
  const found = events
    .flatMap(({ endings }) => endings)
    .toSorted((one, other) => (one.row.recordedAt < other.row.recordedAt ? -1 : 1));
  const facts = await factLines(
    stores,
    found.flatMap(({ rows }) => rows.flatMap(hashesIn)),
    undefined,
  );
  const toldAt = (rows: readonly AuditRow[]): string | undefined =>
    rows
      .flatMap(hashesIn)
      .flatMap((hash) => facts.get(hash)?.acceptedAt ?? [])
      .sort()
      .at(-1);
  const all = found.map((one) => lineOf(one, toldAt(one.rows), targetMinutes));
  const lines = withoutRepeats(all.filter(isDueIn(period)));
  const counted = (result: LeaverLine['result']): number =>
    lines.filter((line) => line.result === result).length;
  const times = lines.flatMap((line) => line.minutesToRemoval ?? []).sort((a, b) => a - b);
  return {
    report: 'leavers',
    period,
    filters: [
      `employments of which the end had come and HR had told, the later of both in the period; access had to be gone ${targetMinutes} minutes after that`,
    ],
    rows: { in: events.reduce((sum, { rows }) => sum + rows, 0), out: lines.length },
    environments: [...new Set(events.flatMap(({ environments }) => environments))].sort(),
    notes: note === undefined ? [] : [note],
    targetMinutes,
    leavers: new Set(lines.map(({ worker }) => worker)).size,
    ...{ removed: counted('removed') + counted('late'), late: counted('late') },
    ...{ notRemoved: counted('not-removed'), handedOff: counted('handed-off') },
    medianMinutes: times[Math.ceil(times.length / 2) - 1],
    longestMinutes: times.at(-1),
    lines,
  };
}

/** The rows about one package, or all rows of an event that names none, with what they say of the end of the employment. */
type Ending = { rows: readonly AuditRow[]; row: AuditRow; endedAt: string; outcome: string };

function endingsIn(rows: readonly AuditRow[], { to }: BoundedPeriod): Ending[] {
  const [first] = rows;
  if (first === undefined) return [];
  const isLeft = first.eventType === 'hr.worker.left.v1';
  const steps = [...groupBy(rows, ({ attempt }) => attempt).values()].flatMap(stepsIn);
  const removals = steps.flatMap((step): Ending[] => {
    const row = Object.assign({}, ...step) as AuditRow;
    const isEnd = row.employed === undefined ? isLeft : !row.employed;
    if (!isEnd || (row.action !== 'revoke' && row.action !== 'hand-off')) return [];
    const end = step.findLast(({ kind }) => kind === 'settled');
    const { outcome = endOf(rows, to).code } = end ?? {};
    return [{ rows: step, row, endedAt: row.actAt ?? row.receivedAt ?? row.recordedAt, outcome }];
  });
  // Who still has an employment has not left.
  const isEmployed = rows.some(({ employed }) => employed === true);
  if (removals.length > 0 || isEmployed) return removals;
  const last = rows.at(-1) ?? first;
  const end = endOf(rows, to);
  const isEndByClock = first.eventSource === CLOCK && end.outcome === 'revoked';
  if (!isLeft && !isEndByClock) return [];
  const parkedUntil = rows.findLast(({ waitingFor }) => waitingFor === 'parked')?.waitingUntil;
  const endedAt = parkedUntil ?? first.actAt ?? first.receivedAt ?? first.recordedAt;
  return [{ rows, row: last, endedAt, outcome: end.code }];
}

/** From when access has to go: HR may tell an end when it has passed. */
const dueSince = ({ endedAt, toldAt }: Pick<LeaverLine, 'endedAt' | 'toldAt'>): string =>
  toldAt !== undefined && toldAt > endedAt ? toldAt : endedAt;

/** Whether a line belongs to a period: each belongs to one, also of an end that HR told after the period of the end. */
const isDueIn =
  ({ from, to }: BoundedPeriod) =>
  (line: LeaverLine): boolean =>
    from <= dueSince(line) && dueSince(line) < to;

function lineOf(
  { row, endedAt, outcome }: Ending,
  told: string | undefined,
  targetMinutes: number,
): LeaverLine {
  const toldAt = told ?? (row.eventSource === CLOCK ? undefined : row.receivedAt);
  const removedAt =
    row.packageKey !== undefined && outcome === 'revoked' ? row.deliveredAt : undefined;
  const since = dueSince({ endedAt, toldAt });
  const took = removedAt === undefined ? undefined : minutesBetween(since, removedAt);
  return {
    ...{ worker: row.workerId ?? '', package: row.packageKey, packageName: row.packageName },
    account: row.targetId,
    result: resultOf(row, outcome, took, targetMinutes),
    ...{ endedAt, toldAt, removedAt },
    minutesAfterEnd: removedAt === undefined ? undefined : minutesBetween(endedAt, removedAt),
    minutesToRemoval: took,
    ...{ outcome, reason: row.reason, brake: row.brake, decidedBy: row.decidedBy },
    ...{ event: row.eventId, source: row.eventSource, rowHash: row.hash },
  };
}

/** What HR has taken back or replaced has no end to be measured. */
const NO_END: readonly string[] = ['revoked', 'rescinded', 'superseded', 'already-held'];

function resultOf(
  { packageKey, action }: AuditRow,
  outcome: string,
  took: number | undefined,
  targetMinutes: number,
): LeaverLine['result'] {
  if (packageKey === undefined)
    return NO_END.includes(outcome) ? 'nothing-to-remove' : 'not-removed';
  if (action === 'hand-off') return 'handed-off';
  if (took !== undefined) return took > targetMinutes ? 'late' : 'removed';
  return outcome === 'superseded' ? 'nothing-to-remove' : 'not-removed';
}

/** Of several attempts at one removal the last counts, and an event without a removal only where no other has one. */
function withoutRepeats(lines: readonly LeaverLine[]): LeaverLine[] {
  const kept = new Map<string, LeaverLine>();
  const placeOf = ({ worker, package: key, account, endedAt }: LeaverLine): string =>
    JSON.stringify(key === undefined ? [worker, endedAt] : [worker, key, account, endedAt]);
  const isSurer = (line: LeaverLine): boolean => line.removedAt !== undefined;
  for (const line of lines) {
    const before = kept.get(placeOf(line));
    if (before === undefined || !isSurer(before) || isSurer(line)) kept.set(placeOf(line), line);
  }
  const withRemoval = new Set(
    lines.filter((line) => line.package).map(({ worker, endedAt }) => `${worker} ${endedAt}`),
  );
  const orderOf = ({ endedAt, worker, package: key = '' }: LeaverLine): string =>
    `${endedAt} ${worker} ${key}`;
  return [...kept.values()]
    .filter((line) => line.package ?? !withRemoval.has(`${line.worker} ${line.endedAt}`))
    .toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
}
