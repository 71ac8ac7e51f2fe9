import { odata, TableClient } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { withDeadline } from '../deadline';
import { StoreUnavailable, type StoredRow, type Table } from './storage-port';
import { checkKeys, entityOf, stored } from './entity';
import { onlyJson } from './only-json';
import { answer } from './store-trouble';

const DEADLINE_MS = 15_000;

/**
 * Opens a table by connection string (local) or by the https endpoint of the account (Azure, with a credential). The
 * table must exist: infrastructure makes tables, the app never does. No call takes longer than `deadlineMs`.
 */
export function openTable(
  storage: string,
  name: string,
  credential?: TokenCredential,
  deadlineMs = DEADLINE_MS,
): Table {
  return tableOver(clientFor(storage, name, credential), deadlineMs);
}

function clientFor(storage: string, name: string, credential?: TokenCredential): TableClient {
  // One try a call: a lost answer must not come back as somebody else's conflict.
  const options = { retryOptions: { maxRetries: 0 } };
  if (!storage.startsWith('https://')) {
    return bare(
      TableClient.fromConnectionString(storage, name, {
        ...options,
        allowInsecureConnection: true,
      }),
    );
  }
  if (!credential) throw new Error('a table endpoint by https needs a credential');
  return bare(new TableClient(storage, name, credential, options));
}

/**
 * What the SDK puts around a call and a row never needs, though it costs CPU every time: forms and multipart bodies,
 * redirects (a table has none, and whoever sends one is not to be followed), compression, retries, and traces and logs
 * that nobody reads.
 */
const UNUSED = [
  'formDataPolicy',
  'multipartPolicy',
  'redirectPolicy',
  'decompressResponsePolicy',
  'defaultRetryPolicy',
  'tracingPolicy',
  'logPolicy',
];

function bare(client: TableClient): TableClient {
  for (const name of UNUSED) client.pipeline.removePolicy({ name });
  client.pipeline.addPolicy(onlyJson, { afterPhase: 'Deserialize' });
  return client;
}

function tableOver(client: TableClient, deadlineMs: number): Table {
  const call = <T>(
    expected: number[],
    act: (options: { abortSignal: AbortSignal }) => Promise<T>,
  ) => answer(expected, () => withDeadline(deadlineMs, (abortSignal) => act({ abortSignal })));
  return {
    read: async (partition, key) => {
      checkKeys(partition, key);
      const row = await call([404], (options) => client.getEntity(partition, key, options));
      return row && stored(row);
    },
    insert: async (partition, key, columns) => {
      const entity = entityOf(partition, key, columns);
      const inserted = await call([409], (options) => client.createEntity(entity, options));
      return inserted && etagOf(inserted);
    },
    replace: async (partition, key, columns, etag) => {
      const entity = entityOf(partition, key, columns);
      const replaced = await call([404, 412], (options) =>
        client.updateEntity(entity, 'Replace', { ...options, etag }),
      );
      return replaced && etagOf(replaced);
    },
    remove: async (partition, key) => {
      checkKeys(partition, key);
      await call([404], (options) => client.deleteEntity(partition, key, options));
    },
    list: async (partition, range = {}) => {
      checkKeys(partition, range.from ?? 'x', range.below ?? 'x');
      let filter = odata`PartitionKey eq ${partition}`;
      if (range.from !== undefined) filter += odata` and RowKey ge ${range.from}`;
      if (range.below !== undefined) filter += odata` and RowKey lt ${range.below}`;
      const rows: StoredRow[] = [];
      await call([], async (options) => {
        const { atMost } = range;
        const size = atMost === undefined ? {} : { maxPageSize: atMost };
        const pages = client.listEntities({ queryOptions: { filter }, ...options }).byPage(size);
        for await (const page of pages) {
          rows.push(...page.map(stored));
          if (atMost !== undefined && rows.length >= atMost) break;
        }
      });
      return rows;
    },
  };
}

/** Without its ETag nobody knows which state of the row was written, and `*` would overwrite another's. */
function etagOf({ etag }: { etag?: string | undefined }): string {
  if (etag === undefined) throw new StoreUnavailable('table storage: an answer without ETag');
  return etag;
}
