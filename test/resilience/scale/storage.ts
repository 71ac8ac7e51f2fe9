import { entityOf } from '../../../shared/storage/table';
import { dataDir, runService } from '../../../infra/local/stack/service';
import { startStorage } from '../../../infra/local/azurite/server';
import LokiTableMetadataStore, {
  type Collection,
} from 'azurite/dist/src/table/persistence/LokiTableMetadataStore';

// Azurite for tens of thousands of people, as a program of its own. It answers as ever, with two differences: a list of one
// partition does not look at all other rows of the table, and rows can be put in by a message, not by a call for each.

export type SeededRow = {
  partition: string;
  key: string;
  columns: Record<string, string | number | boolean>;
};
export type SeedRequest = { table: string; rows: SeededRow[] };

const store = LokiTableMetadataStore.prototype;
const query = Reflect.get(store, 'queryTableEntities');
let opened: { store: LokiTableMetadataStore; account: string; context: object } | undefined;
store.queryTableEntities = function (context, account, table, options, ...place) {
  opened ??= { store: this, account, context };
  const [, partition] = /^\(?PartitionKey eq '([^']+)'/.exec(options.filter ?? '') ?? [];
  // The index compares what looks like a number as one, so it may miss rows of such partitions.
  if (partition === undefined || !Number.isNaN(Number(partition)))
    return query.call(this, context, account, table, options, ...place);
  const all = this.getEntityCollection(account, table, context);
  const own: Pick<Collection, 'chain'> = {
    chain: () => all.chain().find({ PartitionKey: partition }) as ReturnType<Collection['chain']>,
  };
  const narrowed = Object.create(this, {
    getEntityCollection: { value: () => own },
  }) as LokiTableMetadataStore;
  return query.call(narrowed, context, account, table, options, ...place);
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
        properties: { ...properties, Timestamp: now, 'Timestamp@odata.type': 'Edm.DateTime' },
      };
    }),
  );
  process.send?.({ seeded: rows.length });
});

void runService('storage', async () => {
  const ports = { blobPort: 0, queuePort: 0, tablePort: 0 };
  const { connectionString, stop } = await startStorage({ ...ports, dataDir: dataDir() });
  return { address: { connectionString }, stop };
});
