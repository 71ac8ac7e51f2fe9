import { TableClient } from '@azure/data-tables';
import LokiTableMetadataStore from 'azurite/dist/src/table/persistence/LokiTableMetadataStore';
import { sortTables } from '../../../infra/local/azurite/sorted-tables';
import { openStorage, type Storage } from '../../support/storage';

const own = Reflect.get(LokiTableMetadataStore.prototype, 'queryTableEntities');
const PARTITIONS = ['W-1', 'W-10', 'W-2', '10', '9', '2027-01-04', 'a.b', 'Z'];
const KEYS = ['fact-0001', 'fact-0002', 'fact-next-W-2', 'holding-1', '10', '9', 'wake'];
const FILTERS = [
  undefined,
  "PartitionKey eq 'W-1'",
  "PartitionKey eq '10'",
  "PartitionKey eq 'nobody'",
  "PartitionKey eq 'W-10' and RowKey ge 'fact-' and RowKey lt 'fact.'",
  "PartitionKey gt 'W-1' and RowKey ge 'fact-' and RowKey lt 'holding.'",
  "PartitionKey gt '10'",
  "PartitionKey eq 'W-1' or PartitionKey eq 'Z'",
  "RowKey eq '9'",
  'n gt 20',
];

let storage: Storage;
let table: TableClient;

beforeAll(async () => {
  storage = await openStorage();
  table = TableClient.fromConnectionString(storage.connectionString, 'staging', {
    allowInsecureConnection: true,
  });
});
afterEach(() => Object.assign(LokiTableMetadataStore.prototype, { queryTableEntities: own }));
afterAll(() => storage.close());

/** The keys of all rows that each filter finds, page by page. */
async function lists(): Promise<string[][]> {
  const found: string[][] = [];
  for (const filter of FILTERS) {
    const queryOptions = filter === undefined ? {} : { filter };
    for await (const page of table.listEntities({ queryOptions }).byPage({ maxPageSize: 3 }))
      found.push(page.map(({ partitionKey, rowKey }) => `${partitionKey} ${rowKey}`));
    found.push([filter ?? 'everything']);
  }
  return found;
}

/** What Azurite answers by itself, and what it answers from the index. */
async function compare(): Promise<[string[][], string[][]]> {
  Object.assign(LokiTableMetadataStore.prototype, { queryTableEntities: own });
  const expected = await lists();
  sortTables();
  return [await lists(), expected];
}

test('tables with an index list the same pages as Azurite by itself, also after changes', async () => {
  let n = 0;
  for (const partitionKey of PARTITIONS.toReversed())
    for (const rowKey of KEYS) await table.createEntity({ partitionKey, rowKey, n: n++ });

  const [indexed, expected] = await compare();
  expect(indexed).toEqual(expected);
  expect(expected.filter((page) => page.length === 3).length).toBeGreaterThan(FILTERS.length);

  for (const rowKey of KEYS) await table.deleteEntity('W-10', rowKey);
  await table.deleteEntity('W-2', 'wake');
  await table.updateEntity({ partitionKey: 'W-1', rowKey: '9', n: 0 }, 'Replace');
  await table.updateEntity({ partitionKey: 'W-1', rowKey: '10', n: 0 }, 'Merge');
  await table.createEntity({ partitionKey: 'W-0', rowKey: 'first', n: 100 });

  const [indexedNow, expectedNow] = await compare();
  expect(indexedNow).toEqual(expectedNow);
  expect(expectedNow).not.toEqual(expected);
});
