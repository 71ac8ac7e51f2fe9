import { z } from 'zod';
import { padded } from '../domain/events/keys';
import type { Table } from './storage-port';
import { fromColumns, toColumns, createRowUpdater } from './rows';

/** The facts of one event about its worker. A run plans from the fact of its own event. */
export const Fact = z.object({
  eventHash: z.string(),
  attempt: z.number().int().optional(),
  employmentId: z.string(),
  sequence: z.number().int().optional(),
  startDate: z.string(),
  endDate: z.string().optional(),
  timeZone: z.string(),
  occurredAt: z.string(),
  attributes: z.record(z.string(), z.string()),
  /** Hashes of the names of attributes that the event has and that are not stored. */
  unstored: z.array(z.string()).optional(),
});
export type Fact = z.infer<typeof Fact>;

/**
 * The work on one package for one worker. `submitting` is written before the POST: until the row has the id of the request,
 * Graph may or may not have it, and `absentReads` counts the reads that did not find it. `recording` is the same for an
 * assignment, in a dialect where the client records it.
 */
export const Grant = z.object({
  state: z.enum(['idle', 'submitting', 'requested', 'recording', 'settled']),
  eventHash: z.string(),
  attempt: z.number().int(),
  instanceId: z.string(),
  targetId: z.string(),
  absentReads: z.number().int(),
  requestId: z.string().optional(),
  assignmentId: z.string().optional(),
  outcome: z.string().optional(),
  updatedAt: z.string(),
});
export type Grant = z.infer<typeof Grant>;
export type StoredGrant = Grant & { etag?: string | undefined };

export type Workers = ReturnType<typeof createWorkers>;

/** The records of each worker: the facts of its events and the requested grants. */
export function createWorkers(table: Table) {
  const updateRow = createRowUpdater(table);
  return {
    /** For one event, the fact of its last attempt counts: the rules may need more attributes than before. */
    addFact: async (workerId: string, fact: Fact): Promise<void> => {
      const key = `fact-${orderOf(fact.occurredAt)}-${fact.eventHash}`;
      await updateRow(workerId, key, (columns) => {
        const known = columns && fromColumns(Fact, columns);
        const isNews = !known || (known.attempt ?? 1) < (fact.attempt ?? 1);
        return isNews ? toColumns(Fact.parse(fact)) : undefined;
      });
    },

    facts: async (workerId: string): Promise<Fact[]> => {
      const rows = await table.list(workerId, { from: 'fact-', below: 'fact.' });
      return rows.map((row) => fromColumns(Fact, row.columns));
    },

    grant: async (workerId: string, packageKey: string): Promise<StoredGrant | undefined> => {
      const row = await table.read(workerId, grantKey(packageKey));
      return row && { ...fromColumns(Grant, row.columns), etag: row.etag };
    },

    /** Saves the grant unless another caller changed or created it since it was read. */
    saveGrant: async (
      workerId: string,
      packageKey: string,
      grant: StoredGrant,
    ): Promise<StoredGrant | undefined> => {
      const key = grantKey(packageKey);
      const columns = toColumns(Grant.parse(grant));
      const saved =
        grant.etag === undefined
          ? await table.insert(workerId, key, columns)
          : await table.replace(workerId, key, columns, grant.etag);
      return saved === undefined ? undefined : { ...grant, etag: saved };
    },
  };
}

const grantKey = (packageKey: string): string => `grant-${packageKey}`;

/** Milliseconds since the first year that an event may name, padded so that text order is time order. */
const orderOf = (time: string): string => padded(Date.parse(time) - Date.parse(EARLIEST), 16);

const EARLIEST = '0001-01-01T00:00:00Z';
