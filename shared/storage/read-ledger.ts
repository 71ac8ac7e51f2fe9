import { AuditRow } from '../domain/workflow/audit-entry';
import type { AppendOnlyTable } from './storage-port';
import {
  referencesOfDay,
  referencesOfWorker,
  refusalsOfEvent,
  type Reference,
} from './audit-index';

export type LedgerReader = ReturnType<typeof createLedgerReader>;

/** A busy day has thousands of events; asking for all of them at once would wear out the deadline of each. */
const AT_ONCE = 32;

/** Reads the ledger by event, worker or day; every look-up goes by key, none scans a table. */
export function createLedgerReader(audit: AppendOnlyTable, index: AppendOnlyTable) {
  const ofEvent = async (eventHash: string): Promise<AuditRow[]> =>
    (await audit.list(eventHash)).map((row) => AuditRow.parse(row.columns));

  const follow = async ({ partition, key }: Reference): Promise<AuditRow[]> => {
    if (key === undefined) return ofEvent(partition);
    const row = await audit.read(partition, key);
    return row ? [AuditRow.parse(row.columns)] : [];
  };

  const followAll = async (references: Reference[]): Promise<AuditRow[]> => {
    const rows: AuditRow[] = [];
    for (let at = 0; at < references.length; at += AT_ONCE) {
      const some = await Promise.all(references.slice(at, at + AT_ONCE).map(follow));
      rows.push(...some.flat());
    }
    return rows;
  };

  return {
    /** All rows of one event, attempt by attempt, in the order they were written; then the bodies refused in its name. */
    ofEvent: async (eventHash: string): Promise<AuditRow[]> => {
      const refusals = refusalsOfEvent(index, eventHash);
      return [...(await ofEvent(eventHash)), ...(await followAll(await refusals))];
    },
    /** Why a body was refused; undefined if it was not. */
    refusalOf: async (bodyHash: string): Promise<string | undefined> => {
      const [row] = await follow({ partition: `rejected-${bodyHash.slice(0, 2)}`, key: bodyHash });
      return row?.reason;
    },
    ofWorker: async (workerId: string): Promise<AuditRow[]> =>
      followAll(await referencesOfWorker(index, workerId)),
    /** All rows of the events that something happened to on that UTC day. */
    ofDay: async (day: string): Promise<AuditRow[]> => followAll(await referencesOfDay(index, day)),
  };
}
