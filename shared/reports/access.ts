import { z } from 'zod';
import { BlobRefused } from '../blobs';
import type { AuditRow } from '../domain/workflow/audit-entry';
import { createClaimReader } from '../evidence/claim-reader';
import { createSealFinder, type SealFinder } from '../evidence/prove';
import { groupBy } from '../group-by';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import type { Claims } from '../storage/claims';
import type { Seals } from '../storage/seals';
import { isNotAllowed } from '../storage/storage-port';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { AccessLine, lineOf } from './access-line';
import { checkEvent, ENDS_UNREAD, readable } from './audit';
import {
  environmentsOf,
  isWithin,
  ofEveryReport,
  type BoundedPeriod,
  type Period,
} from './evidence';
import { drawWorkers } from './draw-workers';
import { stepsIn } from './explain';
import { factLines, hashesIn } from './fact-line';

export type AccessStores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<
    LedgerReader,
    'ofEvent' | 'rowsOf' | 'refusalRow' | 'indexed' | 'subjectsOfDays' | 'subjectsOfWorker'
  >;
  workers: Pick<Workers, 'facts'>;
  /** Undefined where it is not known where they are. */
  seals: Pick<Seals, 'hours' | 'read'> | undefined;
};

/** Whose access: of the given workers, or of `sample` workers that the seed draws. */
export type AccessQuestion =
  | { workers: readonly string[]; period: Period }
  | { sample: number; seed: string; period: BoundedPeriod };

const text = z.string();
const count = z.number().int().nonnegative();

/** Who got or lost what, when, why, on whose word and on time or not. */
export const AccessContent = z.strictObject({
  report: z.literal('access'),
  ...ofEveryReport,
  workers: z.array(text),
  /** Of a sample: by which seed it was drawn out of how many events, and how many were looked at. */
  sample: z
    .strictObject({ size: count, seed: text, events: count, drawn: count, withoutChange: count })
    .optional(),
  /** Workers of whom the period has no change. */
  withoutChange: z.array(text),
  lines: z.array(AccessLine),
});
export type AccessContent = z.infer<typeof AccessContent>;

const AT_ONCE = 16;

/** Answers from audit rows, also after Graph has forgotten the requests. The same rows give the same content. */
export async function accessReport(
  stores: AccessStores,
  question: AccessQuestion,
): Promise<AccessContent> {
  const { period } = question;
  const drawn = 'sample' in question ? await drawWorkers(stores, question) : undefined;
  const workers = 'workers' in question ? [...new Set(question.workers)] : (drawn?.workers ?? []);
  const readClaim = createClaimReader(stores.claims);
  const seals = readableSeals(stores.seals);
  const notes = new Set<string>();
  const found = await mapConcurrent(AT_ONCE, workers, (worker) =>
    changesOf({ ...stores, readClaim, proofsOf: seals.proofsOf }, worker, period),
  );
  const unread = seals.unread();
  if (unread !== undefined) notes.add(unread);
  for (const one of found) for (const note of one.notes) notes.add(note);
  const lines = found.flatMap((one) => one.lines);
  const rows = found.flatMap((one) => one.rows);
  return {
    report: 'access',
    period,
    filters: [
      drawn
        ? `${workers.length} workers with a change of access in the period, drawn by the seed "${drawn.sample.seed}" out of ` +
          `${drawn.sample.events} events; ${drawn.sample.drawn} were looked at, ${drawn.sample.withoutChange} of them ` +
          'without a change in the period'
        : `the workers ${workers.join(' ')}`,
    ],
    rows: { in: rows.length, out: lines.length },
    environments: environmentsOf(rows),
    notes: [...notes].sort(),
    workers,
    ...(drawn && { sample: drawn.sample }),
    withoutChange: workers.filter((_, at) => found[at]?.lines.length === 0),
    lines,
  };
}

/** Finds proofs as far as the seals may be read, and says why they were not. */
function readableSeals(seals: AccessStores['seals']) {
  const find = seals && createSealFinder(seals);
  let unread = seals === undefined ? SEALS_UNKNOWN : undefined;
  const proofsOf: SealFinder = async (...chains) => {
    if (find === undefined || unread !== undefined) return [];
    try {
      return await find(...chains);
    } catch (error) {
      if (!(error instanceof BlobRefused) || error.status !== 403) throw error;
      unread = SEALS_UNREAD;
      return [];
    }
  };
  return { proofsOf, unread: () => unread };
}

const SEALS_UNKNOWN =
  'the rows were not compared with seals, because SEALS does not say where they are';
const SEALS_UNREAD = 'the rows were not compared with seals, because you may not read them';

type Stores = AccessStores & Parameters<typeof checkEvent>[0];

async function changesOf(stores: Stores, worker: string, period: Period) {
  const { numbers, notes } = await numbersOf(stores, worker);
  const subjects = await Promise.all(numbers.map(stores.audit.subjectsOfWorker));
  const hashes = [...new Set(subjects.flatMap(({ eventHashes }) => eventHashes))];
  const events = await mapConcurrent(4, hashes, (eventHash) => checkEvent(stores, eventHash));
  const known = events.map(({ rows, ...checked }) => {
    const until = rows
      .flatMap(readable)
      .filter(({ kind, recordedAt }) => kind !== 'rejected' && recordedAt < period.to);
    return { ...checked, until, rows: until.filter(isWithin(period)) };
  });
  const isUnchecked = stores.readClaim.isRefused();
  const rows = known.flatMap((event) => event.rows);
  const ended = new Map(
    rows.flatMap((row) =>
      row.kind === 'request-ended' ? [[row.assignmentRequestId, row] as const] : [],
    ),
  );
  /** What is in the period of a step; all of one whose request was made before, and has ended in it. */
  const shownOf = (step: readonly AuditRow[]): readonly AuditRow[] => {
    const own = step.filter(isWithin(period));
    const isEnded = step.some(({ assignmentRequestId: id }) => id !== undefined && ended.has(id));
    return own.length === 0 && isEnded ? step : own;
  };
  const steps = known.flatMap((event) => {
    const proof: AccessLine['proof'] =
      event.faults.length > 0 ? 'fault' : isUnchecked ? 'verified-to-last-row' : 'verified';
    return [...groupBy(event.until, ({ attempt }) => attempt).values()]
      .flatMap(stepsIn)
      .map((step) => {
        const sealed = event.proofs.find(({ leaf }) => leaf.attempt === step[0]?.attempt);
        return { step: shownOf(step), proof, sealed };
      })
      .filter(({ step: [first] }) => first?.packageKey !== undefined);
  });
  const shown = steps.flatMap(({ step }) => step);
  const facts = await factLines(stores, shown.flatMap(hashesIn), worker);
  const startOf = ({ step: [first] }: (typeof steps)[number]): string => first?.recordedAt ?? '';
  return {
    rows: [...new Set([...rows, ...shown])],
    notes: [...notes, ...(isUnchecked ? [ENDS_UNREAD] : [])],
    lines: steps
      .toSorted((one, other) => (startOf(one) < startOf(other) ? -1 : 1))
      .map(({ step, ...checked }) => lineOf(worker, step, { facts, ended, ...checked })),
  };
}

/** All numbers of the person, as far as they may be read: the rows of a number do not name the others. */
async function numbersOf({ workers }: AccessStores, worker: string) {
  try {
    const facts = await workers.facts(worker);
    const numbers = facts.flatMap((fact) => [fact.workerId, fact.previousWorkerId ?? worker]);
    return { numbers: [...new Set([worker, ...numbers.sort()])], notes: [] };
  } catch (error) {
    if (error instanceof TooManyNumbers) return { numbers: [worker], notes: [TOO_MANY] };
    if (isNotAllowed(error)) return { numbers: [worker], notes: [NUMBERS_UNREAD] };
    throw error;
  }
}

const NUMBERS_UNREAD =
  'a person may have had other worker ids, which were not looked for, because you may not read the records of workers';
const TOO_MANY =
  'a worker has too many other worker ids: only what was recorded under this one is shown';
