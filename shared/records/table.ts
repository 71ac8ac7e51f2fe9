import { odata, RestError, TableClient, type TableEntityResult } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { StoreUnavailable, type Columns, type StoredRow, type Table } from '../domain/table';

const DEADLINE_MS = 15_000;
const KEY = /^[A-Za-z0-9._:-]{1,512}$/;

/**
 * Opens a table by connection string (local) or by the https endpoint of the account (Azure, with a credential). The
 * table must exist: infrastructure makes tables, the app never does.
 */
export function openTable(storage: string, name: string, credential?: TokenCredential): Table {
  return tableOver(clientFor(storage, name, credential));
}

function clientFor(storage: string, name: string, credential?: TokenCredential): TableClient {
  // One try a call: a lost answer must not come back as somebody else's conflict.
  const options = { retryOptions: { maxRetries: 0 } };
  if (!storage.startsWith('https://')) {
    return TableClient.fromConnectionString(storage, name, {
      ...options,
      allowInsecureConnection: true,
    });
  }
  if (!credential) throw new Error(`the table endpoint ${storage} needs a credential`);
  return new TableClient(storage, name, credential, options);
}

function tableOver(client: TableClient): Table {
  const deadline = () => ({ abortSignal: AbortSignal.timeout(DEADLINE_MS) });
  return {
    read: async (partition, key) => {
      checkKeys(partition, key);
      const row = await answer([404], () => client.getEntity(partition, key, deadline()));
      return row && stored(row);
    },
    insert: async (partition, key, columns) => {
      const entity = entityOf(partition, key, columns);
      const inserted = await answer([409], () => client.createEntity(entity, deadline()));
      return inserted && (inserted.etag ?? '*');
    },
    replace: async (partition, key, columns, etag) => {
      const entity = entityOf(partition, key, columns);
      const replaced = await answer([404, 412], () =>
        client.updateEntity(entity, 'Replace', { ...deadline(), etag }),
      );
      return replaced?.etag;
    },
    remove: async (partition, key) => {
      checkKeys(partition, key);
      await answer([404], () => client.deleteEntity(partition, key, deadline()));
    },
    list: async (partition, range = {}) => {
      checkKeys(partition, range.from ?? 'x', range.below ?? 'x');
      let filter = odata`PartitionKey eq ${partition}`;
      if (range.from !== undefined) filter += odata` and RowKey ge ${range.from}`;
      if (range.below !== undefined) filter += odata` and RowKey lt ${range.below}`;
      const rows: StoredRow[] = [];
      const pages = client.listEntities({ queryOptions: { filter }, ...deadline() }).byPage();
      await answer([], async () => {
        for await (const page of pages) rows.push(...page.map(stored));
      });
      return rows;
    },
  };
}

/** Runs one call; a status in `expected` answers undefined, a passing trouble becomes StoreUnavailable. */
async function answer<T>(expected: number[], call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const status = error instanceof RestError ? error.statusCode : undefined;
    if (status !== undefined && expected.includes(status)) return undefined;
    if (isPassing(error, status)) {
      throw new StoreUnavailable(`table storage: ${String(status ?? (error as Error).name)}`);
    }
    throw error;
  }
}

function isPassing(error: unknown, status: number | undefined): boolean {
  if (status !== undefined) return status === 408 || status === 429 || status >= 500;
  const { name, code } = error as { name?: string; code?: string };
  return (
    name === 'AbortError' ||
    name === 'TimeoutError' ||
    code === 'REQUEST_SEND_ERROR' ||
    isIdentity(name)
  );
}

const isIdentity = (name: string | undefined): boolean =>
  name === 'CredentialUnavailableError' || name === 'AuthenticationError';

/** Keys are made by us from checked ids; anything else is a defect and must not reach a URL or a filter. */
function checkKeys(...keys: string[]): void {
  for (const key of keys)
    if (!KEY.test(key)) throw new Error('a table key has a character that keys never have');
}

function entityOf(partition: string, key: string, columns: Columns) {
  checkKeys(partition, key);
  for (const [name, value] of Object.entries(columns)) {
    // Storage drops or mangles these silently: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new Error(`column ${name} is no number`);
    if (typeof value === 'string' && !value.isWellFormed())
      throw new Error(`column ${name} is no text`);
  }
  return { ...columns, partitionKey: partition, rowKey: key };
}

function stored(row: TableEntityResult<Record<string, unknown>>): StoredRow {
  const { partitionKey, rowKey, etag, ...rest } = row;
  const columns = Object.fromEntries(
    Object.entries(rest).filter(([name]) => name !== 'timestamp' && !name.startsWith('odata.')),
  ) as Columns;
  return { partition: partitionKey ?? '', key: rowKey ?? '', etag, columns };
}
