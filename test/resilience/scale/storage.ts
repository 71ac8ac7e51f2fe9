import { entityOf } from '../../../shared/storage/table';
import { dataDir, runService } from '../../../infra/local/stack/service';
import { startStorage } from '../../../infra/local/azurite/server';
import LokiTableMetadataStore from 'azurite/dist/src/table/persistence/LokiTableMetadataStore';

// Azurite for tens of thousands of people, as a program of its own. It answers as ever, with two differences: it keeps rows in
// memory instead of writing all of them to disk every five seconds, and rows can be put in by a message, not by a call for each.

export type SeededRow = {
  partition: string;
  key: string;
  columns: Record<string, string | number | boolean>;
};
export type SeedRequest = { table: string; rows: SeededRow[] };

let opened: { store: LokiTableMetadataStore; account: string; context: object } | undefined;
const prototype = LokiTableMetadataStore.prototype;
const collectionOf = Reflect.get(prototype, 'getEntityCollection');
prototype.getEntityCollection = function (account, table, context) {
  opened ??= { store: this, account, context };
  return collectionOf.call(this, account, table, context);
};

process.on('message', ({ table, rows }: SeedRequest) => {
  if (!opened) throw new Error('nothing was read yet');
  const now = new Date().toISOString();
  const collection = opened.store.getEntityCollection(opened.account, table, opened.context);
  collection.insert(
    rows.map(({ partition, key, columns }) => {
      const { partitionKey, rowKey, ...properties } = entityOf(partition, key, columns);
      return {
        ...{ PartitionKey: partitionKey, RowKey: rowKey, lastModifiedTime: now },
        eTag: `W/"datetime'${encodeURIComponent(now)}'"`,
        properties: {
          ...asSent(properties),
          Timestamp: now,
          'Timestamp@odata.type': 'Edm.DateTime',
        },
      };
    }),
  );
  process.send?.({ seeded: rows.length });
});

type Cell = string | number | boolean;

/** A number that needs its type beside it has that in a column of its own. */
const asSent = (properties: Record<string, Cell | { value: Cell }>): object =>
  Object.fromEntries(
    Object.entries(properties).flatMap(([name, cell]) =>
      typeof cell === 'object'
        ? [
            [name, cell.value],
            [`${name}@odata.type`, 'Edm.Double'],
          ]
        : [[name, cell]],
    ),
  );

void runService('storage', async () => {
  const ports = { blobPort: 0, queuePort: 0, tablePort: 0 };
  const { connectionString, stop } = await startStorage({
    ...{ ...ports, dataDir: dataDir(), isInMemory: true },
  });
  return { address: { connectionString }, stop };
});
