import { isProblem, type StoredClaim } from '../domain/workflow/claim';
import { DAY_MS, daysOf } from '../domain/events/time';
import { describeEvent, describeRefusal, type EventStatus } from '../events/status';
import { mapConcurrent } from '../promises';
import type { Claims } from '../storage/claims';
import type { LedgerReader, Subjects } from '../storage/audit';
import type { Workers } from '../storage/workers';
import { openEvents, type OpenEventStores } from './open-events';

export type ListStores = OpenEventStores & {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'subjectsOfDay' | 'subjectsOfWorker'>;
  workers: Pick<Workers, 'facts'>;
};

/** Which events: each of the first three adds some, `since` and `worker` leave out the others. */
export type ListQuestion = {
  open: boolean;
  /** Ended without all of their access, refused, or open and stalled. */
  problems: boolean;
  /** Ended with one of these outcomes. */
  outcomes: readonly string[];
  /** Closed or refused since this time, or open and received since it. */
  since?: Date | undefined;
  worker?: string | undefined;
};

export type ListLine = EventStatus | ReturnType<typeof describeRefusal>;

/** Without a time and a worker, ended events are searched for this many days. */
export const LIST_DAYS = 7;
const AT_ONCE = 32;

/**
 * The events that the question selects, oldest first. Without a selection these are the open ones; with only a time or a
 * worker, all of them. Reads indexes by key and never scans a table.
 */
export async function listEvents(
  stores: ListStores,
  question: ListQuestion,
  now = new Date(),
): Promise<ListLine[]> {
  const wants = wantsOf(question);
  const open = wants.open ? await openEvents(stores) : [];
  const ended = wants.ended ? await endedEvents(stores, question, now) : NO_SUBJECTS;
  const claims = new Map([...ended.claims, ...open].map((claim) => [claim.eventHash, claim]));
  const lines: ListLine[] = [
    ...[...claims.values()].map(describeEvent),
    ...ended.refusals.map(describeRefusal),
  ];
  return lines
    .filter((line) => wants.line(line) && isWithin(line, question))
    .sort((one, other) => ((one.receivedAt ?? '') < (other.receivedAt ?? '') ? -1 : 1));
}

function wantsOf({ open, problems, outcomes, since, worker }: ListQuestion) {
  const isSelective = open || problems || outcomes.length > 0;
  const wantsAll = !isSelective && (since !== undefined || worker !== undefined);
  const wantsOpen = open || !isSelective;
  return {
    open: wantsOpen || problems,
    ended: wantsAll || problems || outcomes.length > 0,
    line: (line: ListLine): boolean => {
      const { state, outcome } = line;
      if (state !== 'closed' && state !== 'rejected')
        return wantsOpen || (problems && line.stalledSince !== undefined);
      const isNamed = outcome !== undefined && outcomes.includes(outcome);
      return wantsAll || isNamed || (problems && isProblem(outcome));
    },
  };
}

function isWithin(line: ListLine, { since, worker }: ListQuestion): boolean {
  const at = line.state === 'closed' ? line.updatedAt : line.receivedAt;
  return (
    (worker === undefined || line.workerId === worker) &&
    (since === undefined || Date.parse(at ?? '') >= since.getTime())
  );
}

type Ended = { claims: StoredClaim[]; refusals: Subjects['refusals'] };
const NO_SUBJECTS: Ended = { claims: [], refusals: [] };

/** By worker or by day; an event is indexed again on the day on which it ends. */
async function endedEvents(
  { claims, audit, workers }: ListStores,
  { since, worker }: ListQuestion,
  now: Date,
): Promise<Ended> {
  const subjects =
    worker === undefined
      ? await mapConcurrent(
          4,
          daysOf(since ?? new Date(now.getTime() - LIST_DAYS * DAY_MS), now),
          audit.subjectsOfDay,
        )
      : [await audit.subjectsOfWorker(worker)];
  const facts = worker === undefined ? [] : await workers.facts(worker);
  const hashes = new Set([
    ...subjects.flatMap(({ eventHashes }) => eventHashes),
    ...facts.map(({ hash }) => hash),
  ]);
  const found = await mapConcurrent(AT_ONCE, [...hashes], claims.read);
  return {
    claims: found.filter((claim) => claim !== undefined),
    refusals: uniqueByBody(subjects.flatMap(({ refusals }) => refusals)),
  };
}

const uniqueByBody = (refusals: Subjects['refusals']): Subjects['refusals'] => [
  ...new Map(refusals.map((row) => [row.bodyHash, row])).values(),
];
