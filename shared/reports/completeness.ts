import { z } from 'zod';
import { isReserved } from '../domain/events/event';
import type { AuditRow } from '../domain/workflow/audit-entry';
import { isFinal } from '../domain/workflow/claim';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import { isNotAllowed } from '../storage/storage-port';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { endOf, EventEnd } from './event-end';
import { createFactsReader, type EventFacts } from './event-facts';
import { indexedDays, isWithin, ofEveryReport, type BoundedPeriod } from './evidence';
import { openIfAllowed, type OpenEventStores } from './open-events';

export type CompletenessStores = OpenEventStores & {
  audit: Pick<LedgerReader, 'rowsOf' | 'subjectsOfDays' | 'subjectsOfWorker'>;
  workers: Pick<Workers, 'facts'>;
};

/** The workers of HR, each with the last day of their last employment if it has one. `sha256`: of the file. */
export type ExpectedRoster = {
  sha256: string;
  rows: number;
  workers: ReadonlyMap<string, string | undefined>;
};

const text = z.string();
const count = z.number().int().nonnegative();

/** Who or what was expected, and what became of it. */
export const CompletenessLine = z.strictObject({
  ...{ worker: text.optional(), event: text.optional(), source: text.optional() },
  receivedAt: text.optional(),
  ...EventEnd.shape,
});
export type CompletenessLine = z.infer<typeof CompletenessLine>;

/** Whether everything that was expected was delivered, or has an end that says why not. */
export const CompletenessContent = z.strictObject({
  report: z.literal('completeness'),
  ...ofEveryReport,
  expected: count,
  delivered: count,
  explained: count,
  unexplained: count,
  codes: z.array(z.strictObject({ ...EventEnd.pick({ result: true, code: true }).shape, count })),
  /** Messages that were refused in the period. */
  refused: count,
  /** `ended`: workers of the roster whose employment had ended before the period, and who are not expected. */
  roster: z.strictObject({ sha256: text, rows: count, workers: count, ended: count }).optional(),
  /** Workers who got access in the period and are not in the roster. */
  notInRoster: z.array(text).optional(),
  lines: z.array(CompletenessLine),
});
export type CompletenessContent = z.infer<typeof CompletenessContent>;

const AT_ONCE = 32;
const FACTS_UNREAD =
  'whether a worker without an event was loaded from a roster is not known, because you may not read the records of workers';

/** Compares what was expected, by the roster if one is given and else by the accepted events, with what became of it. */
export async function completenessReport(
  stores: CompletenessStores,
  period: BoundedPeriod,
  roster?: ExpectedRoster,
): Promise<CompletenessContent> {
  const { audit } = stores;
  const { first, last } = indexedDays(period);
  const indexed = await audit.subjectsOfDays(first, last, period.to);
  const events = createFactsReader(audit, period);
  const notes = new Set<string>();
  const question = { stores, period, indexed: indexed.eventHashes, events, notes };
  const isExpected = ([, until]: readonly [string, string | undefined]): boolean =>
    until === undefined || until >= period.from.slice(0, 10);
  const expected = roster && [...roster.workers].filter(isExpected).map(([worker]) => worker);
  const lines = expected
    ? await mapConcurrent(8, expected, (worker) => lineOfWorker(question, worker))
    : await linesOfEvents(question);
  const notInRoster = roster && (await othersWithAccess(question, roster));
  const counted = (result: EventEnd['result']): number =>
    lines.filter((line) => line.result === result).length;
  return {
    report: 'completeness',
    period,
    filters: [
      roster && expected
        ? `${expected.length} of ${roster.workers.size} workers in a roster of ${roster.rows} rows (SHA-256 ${roster.sha256}), ` +
          'without those whose employment had ended before the period; what became of each by the end of the period'
        : 'events of HR that were accepted in the period, and what became of each by its end',
    ],
    rows: { in: events.rowCount(), out: lines.length },
    environments: events.environments(),
    notes: [...notes].sort(),
    ...{ expected: lines.length, delivered: counted('delivered') },
    ...{ explained: counted('explained'), unexplained: counted('unexplained') },
    codes: codesOf(lines),
    refused: indexed.refusals.filter(isWithin(period)).length,
    ...(roster &&
      expected && {
        roster: {
          ...{ sha256: roster.sha256, rows: roster.rows, workers: roster.workers.size },
          ended: roster.workers.size - expected.length,
        },
      }),
    ...(notInRoster && { notInRoster }),
    lines,
  };
}

type Question = {
  stores: CompletenessStores;
  period: BoundedPeriod;
  indexed: readonly string[];
  events: ReturnType<typeof createFactsReader>;
  notes: Set<string>;
};

function codesOf(lines: readonly CompletenessLine[]): CompletenessContent['codes'] {
  const codes = new Map<string, CompletenessContent['codes'][number]>();
  for (const { result, code } of lines) {
    const key = `${result} ${code}`;
    codes.set(key, { result, code, count: (codes.get(key)?.count ?? 0) + 1 });
  }
  return [...codes].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, code]) => code);
}

/** The accepted events: those of the index, and those that are open and have no row yet. */
async function linesOfEvents(question: Question): Promise<CompletenessLine[]> {
  const { period, indexed, events } = question;
  const open = await openInPeriod(question);
  const hashes = [...new Set([...indexed, ...open.keys()])].sort();
  const lines = await mapConcurrent(AT_ONCE, hashes, async (hash) => {
    const { about, end } = await events.factsOf(hash);
    const { receivedAt, eventSource, eventId, workerId } = about ?? open.get(hash)?.fact ?? {};
    const isOurs = isReserved(eventSource ?? '');
    const isAccepted = isWithin(period)({ recordedAt: receivedAt ?? period.from });
    if (isOurs || !isAccepted) return [];
    const of = { worker: workerId, event: eventId ?? hash, source: eventSource, receivedAt };
    return [{ ...of, ...(end ?? endOf([], period.to, receivedAt)) }];
  });
  return lines.flat().toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
}

const orderOf = ({ receivedAt = '', event = '' }: CompletenessLine): string =>
  `${receivedAt} ${event}`;

async function openInPeriod({ stores, period, notes }: Question) {
  const { open, note } = await openIfAllowed(stores);
  if (note !== undefined) notes.add(note);
  const accepted = open.filter(({ fact }) => isWithin(period)({ recordedAt: fact.receivedAt }));
  return new Map(accepted.map((claim) => [claim.eventHash, claim]));
}

/**
 * What became of a worker: the last of their events decides, except that none may be without an explanation. They are served
 * if they hold something by the rows.
 */
async function lineOfWorker(question: Question, worker: string): Promise<CompletenessLine> {
  const { stores, period, events } = question;
  const { eventHashes, refusals } = await stores.audit.subjectsOfWorker(worker);
  const all = (await mapConcurrent(4, eventHashes, events.factsOf)).map((one) => ({
    ...one,
    // What began after the period is told like what has no row.
    ...{ about: one.end && one.about, end: one.end ?? endOf([], period.to) },
  }));
  const ofWorker = all.toSorted((one, other) => (receivedOf(one) < receivedOf(other) ? -1 : 1));
  const last = ofWorker.findLast(({ end }) => end.code !== 'superseded') ?? ofWorker.at(-1);
  if (last === undefined) return { worker, ...(await endWithoutEvent(question, worker, refusals)) };
  const unexplained = ofWorker.find(({ end }) => end.result === 'unexplained');
  const { about, end, eventHash } = unexplained ?? last;
  const { eventId, eventSource: source, receivedAt } = about ?? {};
  const of = { worker, event: eventId ?? eventHash, source, receivedAt };
  if (unexplained || !isFinal(end.outcome)) return { ...of, ...end };
  const isServed = holdsSomething(ofWorker.flatMap(({ packages }) => packages));
  return { ...of, ...end, result: isServed ? 'delivered' : 'explained' };
}

const receivedOf = ({ about }: Pick<EventFacts, 'about'>): string => about?.receivedAt ?? '';

/** Whether the last that the rows say of some package is that it is there. */
function holdsSomething(told: EventFacts['packages']): boolean {
  const packages = new Map<string, boolean>();
  const inOrder = told.toSorted((one, other) => (one.recordedAt < other.recordedAt ? -1 : 1));
  for (const { packageKey, isThere } of inOrder) packages.set(packageKey, isThere);
  return [...packages.values()].includes(true);
}

async function endWithoutEvent(
  { stores, period, notes }: Question,
  worker: string,
  refusals: readonly AuditRow[],
): Promise<EventEnd> {
  const refused = refusals.findLast(({ recordedAt }) => recordedAt < period.to);
  if (refused) {
    const { reason, recordedAt: at } = refused;
    return { result: 'explained', code: 'rejected', reason, at };
  }
  const loaded = await stores.workers.facts(worker).catch((error: unknown) => {
    if (isNotAllowed(error)) notes.add(FACTS_UNREAD);
    else if (!(error instanceof TooManyNumbers)) throw error;
    return [];
  });
  const known = loaded.find(({ acceptedAt }) => acceptedAt < period.to);
  if (known) return { result: 'explained', code: 'loaded', at: known.acceptedAt };
  return { result: 'unexplained', code: 'no-event' };
}

async function othersWithAccess(
  { indexed, events }: Question,
  { workers }: ExpectedRoster,
): Promise<string[]> {
  const served = (await mapConcurrent(AT_ONCE, indexed, events.factsOf)).flatMap(
    (one) => one.served,
  );
  return [...new Set(served)].filter((worker) => !workers.has(worker)).sort();
}
