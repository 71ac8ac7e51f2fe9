import type { AuditRow } from '../domain/workflow/audit-entry';
import type { LedgerReader } from '../storage/audit';
import { readable } from './audit';
import { endOf, type EventEnd } from './event-end';
import { environmentsOf, isWithin, type BoundedPeriod } from './evidence';

type About = Pick<AuditRow, 'receivedAt' | 'eventId' | 'eventSource' | 'workerId'>;

/** What the completeness report needs of an event. The rows of a whole period do not fit into memory. */
export type EventFacts = {
  eventHash: string;
  /** By its first row, also if that is later than the period. */
  about: About | undefined;
  /** By the rows before the end of the period; undefined if there is none. */
  end: EventEnd | undefined;
  /** What the rows say, one after another, of a package: that it is there, or gone. */
  packages: { packageKey: string; isThere: boolean; recordedAt: string }[];
  /** Who got access in the period. */
  served: string[];
};

/** Reads events one after another, each once, keeps their facts and drops their rows. */
export function createFactsReader(audit: Pick<LedgerReader, 'rowsOf'>, period: BoundedPeriod) {
  const known = new Map<string, Promise<EventFacts>>();
  const environments = new Set<string>();
  let rowCount = 0;
  const read = async (eventHash: string): Promise<EventFacts> => {
    const all = (await audit.rowsOf(eventHash)).flatMap(readable);
    const rows = all.filter(({ recordedAt }) => recordedAt < period.to);
    rowCount += rows.length;
    for (const environment of environmentsOf(rows)) environments.add(environment);
    const [first] = all;
    return {
      eventHash,
      about: first && aboutOf(first),
      end: rows.length === 0 ? undefined : endOf(rows, period.to),
      packages: rows.flatMap(packageIn),
      served: [...new Set(rows.filter(isWithin(period)).filter(isGiven).flatMap(workerIn))],
    };
  };
  const factsOf = (eventHash: string): Promise<EventFacts> => {
    const facts = known.get(eventHash) ?? read(eventHash);
    known.set(eventHash, facts);
    return facts;
  };
  return {
    factsOf,
    /** How many rows of the events that were read are before the end of the period. */
    rowCount: (): number => rowCount,
    environments: (): string[] => [...environments].sort(),
  };
}

const aboutOf = ({ receivedAt, eventId, eventSource, workerId }: AuditRow): About => ({
  ...{ receivedAt, eventId, eventSource, workerId },
});

const GIVES: readonly (string | undefined)[] = ['delivered', 'already-held', 'extended'];

function packageIn({ kind, packageKey, outcome, recordedAt }: AuditRow): EventFacts['packages'] {
  const isEnd = kind === 'settled' || kind === 'request-ended';
  const isThere = GIVES.includes(outcome);
  if (!isEnd || packageKey === undefined || (!isThere && outcome !== 'revoked')) return [];
  return [{ packageKey, isThere, recordedAt }];
}

const isGiven = ({ kind, step, outcome }: AuditRow): boolean =>
  kind === 'settled' && step === 'assign' && outcome === 'delivered';

const workerIn = ({ workerId }: AuditRow): string[] => (workerId === undefined ? [] : [workerId]);
