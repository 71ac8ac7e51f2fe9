import { TableClient } from '@azure/data-tables';

/** A row of a table, without the columns that storage adds. */
export type Row = Readonly<Record<string, unknown>> & { partitionKey: string; rowKey: string };

const open = (storage: string, name: string): TableClient =>
  TableClient.fromConnectionString(storage, name, { allowInsecureConnection: true });

/** Reads all rows of a table, or those that an OData `filter` selects, by their keys in order. Does not use the product's code. */
export async function readTable(storage: string, name: string, filter = ''): Promise<Row[]> {
  const table = open(storage, name);
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

/** Deletes every row of a table. */
export async function emptyTable(storage: string, name: string): Promise<void> {
  const table = open(storage, name);
  for (const { partitionKey, rowKey } of await readTable(storage, name))
    await table.deleteEntity(partitionKey, rowKey);
}
