import { z } from 'zod';
import { readReport } from '../reconcile/report';
import {
  NamedRow,
  namedRow,
  namesOf,
  partOf,
  recordsOf,
  TABLES,
  type ScannedTables,
} from '../storage/named-rows';
import type { Staging } from '../storage/staging';
import { TooManyNumbers, type Workers } from '../storage/workers';

type ExportStores = {
  tables: ScannedTables;
  workers: Pick<Workers, 'person'>;
  staging: Pick<Staging, 'kept'>;
};

/** Everything that the tables hold of one person. `events`: hashes of the events and bodies about them. */
export const PersonExport = z.strictObject({
  ...{ person: z.string(), exportedAt: z.string() },
  ...{ numbers: z.array(z.string()), accounts: z.array(z.string()), events: z.array(z.string()) },
  rows: z.array(NamedRow),
  /** Where else something about them may be. */
  elsewhere: z.array(z.string()),
});
export type PersonExport = z.infer<typeof PersonExport>;

const ELSEWHERE = [
  'the task hub of Durable Functions: inputs and answers of their runs, by the instance ids in the rows, until its history is purged',
  'the log in Application Insights, by the hashes of their events, until its retention ends',
  'messages in the queue and among its dead letters that have not been removed (joinery dead-letters)',
  'reports of the reconciliation in the container RECONCILE_REPORTS, the roster and the list of exclusions',
  'Microsoft Entra, where their access is, and the HR system',
];

/**
 * Reads every table to its end, so that no row is missed wherever it is. Of rows about many people only the part about this
 * one is given. Undefined if nothing names them.
 */
export async function exportPerson(
  { tables, workers, staging }: ExportStores,
  workerId: string,
): Promise<PersonExport | undefined> {
  const numbers = await numbersOf(workers, workerId);
  const names = await namesOf(tables, numbers);
  const rows: NamedRow[] = [];
  for (const table of TABLES)
    for await (const row of recordsOf(tables, table)) {
      const report = table === 'staging' ? REPORT.exec(`${row.partition}/${row.key}`) : null;
      if (report?.[2] !== undefined && report[2] !== '0') continue;
      const content = report ? await readReport(staging, report[1] ?? '') : undefined;
      const part = content && (partOf(content, names) as NamedRow['record'] | undefined);
      const found = report
        ? part && { ...row, isPart: true as const, record: part }
        : namedRow(row, names);
      if (found) rows.push(found);
    }
  if (rows.length === 0) return undefined;
  return {
    ...{ person: numbers[0] ?? workerId, exportedAt: new Date().toISOString(), numbers },
    ...{ accounts: [...names.accounts].sort(), events: [...names.hashes].sort() },
    ...{ rows, elsewhere: ELSEWHERE },
  };
}

/** A report of the reconciliation is kept in pieces of text; the first one stands for it. */
const REPORT = /^kept-reports\/([0-9a-f]{64})-(\d+)$/;

/** The numbers that are joined, the first one first. Numbers that cannot be one person are not joined. */
async function numbersOf(workers: ExportStores['workers'], workerId: string): Promise<string[]> {
  try {
    const { root, facts } = await workers.person(workerId);
    const joined = facts.flatMap((fact) => [fact.workerId, fact.previousWorkerId ?? root]);
    return [...new Set([root, ...joined, workerId])];
  } catch (error) {
    if (error instanceof TooManyNumbers) return [workerId];
    throw error;
  }
}
