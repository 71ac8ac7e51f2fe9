import { TableServiceClient } from '@azure/data-tables';

/** The tables that infrastructure makes and the app expects: mutable records, then the append-only ledger. */
const tables = ['claims', 'workers', 'packages', 'due', 'limits', 'audit', 'auditIndex'];

/** Makes every table that is missing. */
export async function createTables(connectionString: string): Promise<void> {
  const service = TableServiceClient.fromConnectionString(connectionString, {
    allowInsecureConnection: true,
  });
  await Promise.all(tables.map((name) => service.createTable(name)));
}
