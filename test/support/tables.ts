import { TableClient } from '@azure/data-tables';

/** A row of a table, without the columns that storage adds. */
export type Row = Readonly<Record<string, unknown>> & { partitionKey: string; rowKey: string };

/** Reads all rows of a table, or those that an OData `filter` selects, by their keys in order. Does not use the product's code. */
export async function readTable(storage: string, name: string, filter = ''): Promise<Row[]> {
  const table = TableClient.fromConnectionString(storage, name, { allowInsecureConnection: true });
  const rows: Row[] = [];
  const queryOptions = filter === '' ? {} : { filter };
  for await (const row of table.listEntities({ queryOptions })) {
    const own = Object.entries(row).filter(
      ([column]) => !['etag', 'timestamp'].includes(column) && !column.startsWith('odata.'),
    );
    rows.push(Object.fromEntries(own) as Row);
  }
  return rows;
}
