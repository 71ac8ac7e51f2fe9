import { AuditRow } from '../domain/audit-entry';
import type { AppendOnlyTable } from '../domain/table';
import { referencesOfDay, referencesOfWorker, type Reference } from './audit-index';

export type LedgerReader = ReturnType<typeof createLedgerReader>;

/** Reads the ledger by event, worker or day; every look-up goes by key, none scans a table. */
export function createLedgerReader(audit: AppendOnlyTable, index: AppendOnlyTable) {
  const ofEvent = async (eventHash: string): Promise<AuditRow[]> =>
    (await audit.list(eventHash)).map((row) => AuditRow.parse(row.columns));

  const follow = async ({ partition, key }: Reference): Promise<AuditRow[]> => {
    if (key === undefined) return ofEvent(partition);
    const row = await audit.read(partition, key);
    return row ? [AuditRow.parse(row.columns)] : [];
  };

  return {
    /** All rows of one event, attempt by attempt, in the order they were written. */
    ofEvent,
    ofWorker: async (workerId: string): Promise<AuditRow[]> =>
      (await Promise.all((await referencesOfWorker(index, workerId)).map(follow))).flat(),
    /** All rows of the events that something happened to on that UTC day. */
    ofDay: async (day: string): Promise<AuditRow[]> =>
      (await Promise.all((await referencesOfDay(index, day)).map(follow))).flat(),
  };
}
