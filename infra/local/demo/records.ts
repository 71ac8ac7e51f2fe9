import { TableClient } from '@azure/data-tables';
import { z } from 'zod';

const text = z.string().optional();

/** The columns of an audit row that the demo shows. */
const AuditLine = z.object({
  partitionKey: z.string(),
  rowKey: z.string(),
  kind: z.string(),
  recordedAt: z.string(),
  workerId: text,
  step: text,
  packageName: text,
  outcome: text,
  reason: text,
  graphState: text,
});
export type AuditLine = z.infer<typeof AuditLine>;

const Duplicates = z.object({ partitionKey: z.string(), count: z.number() });

/** All that the run has recorded so far: the ledger, and how often each event came again. */
export type Records = { audit: AuditLine[]; duplicates: Map<string, number> };

/** Reads the two tables whole: a demo's are small. */
export function createRecords(connectionString: string): { read: () => Promise<Records> } {
  const open = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const [audit, claims] = [open('audit'), open('claims')];
  return {
    read: async () => {
      const records: Records = { audit: [], duplicates: new Map() };
      for await (const row of audit.listEntities()) records.audit.push(AuditLine.parse(row));
      const counters = { queryOptions: { filter: "RowKey eq 'duplicates'" } };
      for await (const row of claims.listEntities(counters)) {
        const { partitionKey, count } = Duplicates.parse(row);
        records.duplicates.set(partitionKey, count);
      }
      return records;
    },
  };
}
