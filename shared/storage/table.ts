import {
  odata,
  RestError,
  TableClient,
  type TableEntityResult,
  type TableTransactionResponse,
  type TransactionAction,
} from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { withDeadline } from '../promises';
import { StoreUnavailable, type Columns, type StoredRow, type Table } from './storage-port';

const DEADLINE_MS = 15_000;

/**
 * Opens a table by connection string (local) or by the https endpoint of the account (Azure, with a credential). The
 * table must exist: the infrastructure creates tables, the app does not. No call takes longer than `deadlineMs`.
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
  // One try per call: after a lost answer, a retry would look like another writer's conflict.
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
 * Policies of the SDK that cost CPU on every call and that rows do not need: forms and multipart bodies, redirects (the
 * service sends none, and others must not be followed), compression, retries, traces and logs.
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
    writeAll: async (partition, writes) => {
      const actions = writes.map(({ key, columns, etag }): TransactionAction => {
        const entity = entityOf(partition, key, columns);
        return etag === undefined ? ['create', entity] : ['update', entity, 'Replace', { etag }];
      });
      const written = await call([404, 409, 412], (options) =>
        client.submitTransaction(actions, options).catch(asUnreadable),
      );
      return written && etagsOf(written, writes.length);
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
    scan: async function* ({ from, below, after, before, keysOnly }) {
      checkKeys(...[from, below, after, before].filter((bound) => bound !== undefined));
      const filter = [
        ...(after === undefined ? [] : [odata`PartitionKey gt ${after}`]),
        ...(before === undefined ? [] : [odata`PartitionKey lt ${before}`]),
        ...(from === undefined ? [] : [odata`RowKey ge ${from}`]),
        ...(below === undefined ? [] : [odata`RowKey lt ${below}`]),
      ].join(' and ');
      const select = keysOnly ? { select: ['PartitionKey', 'RowKey'] } : {};
      let continuationToken: string | undefined;
      do {
        const token = continuationToken;
        const page = await call([], async (options) => {
          const queryOptions = { filter, ...select };
          const pages = client.listEntities({ queryOptions, ...options }).byPage({
            maxPageSize: 1000,
            ...(token !== undefined && { continuationToken: token }),
          });
          const next = await pages.next();
          return next.done === true ? undefined : next.value;
        });
        continuationToken = page?.continuationToken;
        if (page && page.length > 0) yield page.map(stored);
      } while (continuationToken !== undefined && continuationToken !== '');
    },
  };
}

/** Without its ETag the row's state is unknown, and a later write with `*` would overwrite another's. */
function etagOf({ etag }: { etag?: string | undefined }): string {
  if (etag === undefined) throw new StoreUnavailable('table storage: an answer without ETag');
  return etag;
}

/**
 * The new ETags of a transaction. The SDK counts an answer that it cannot read as a success without parts, and leaves a line
 * end behind each ETag.
 */
function etagsOf({ subResponses }: TableTransactionResponse, count: number): string[] {
  const isWhole =
    subResponses.length === count &&
    subResponses.every(({ status }) => status >= 200 && status < 300);
  if (!isWhole) throw new StoreUnavailable('table storage: an unreadable answer to a transaction');
  return subResponses.map(({ etag }) => etagOf({ etag: etag?.trim() }));
}

/** A part of the answer to a transaction that the SDK cannot read is no error of HTTP. */
function asUnreadable(error: unknown): never {
  if (!(error instanceof RestError) && (error as Error).message.includes('sub-response'))
    throw new StoreUnavailable('table storage: an unreadable answer to a transaction');
  throw error;
}

type Policy = Parameters<TableClient['pipeline']['addPolicy']>[0];

/**
 * Refuses an answer with status 200 that is not JSON. The SDK reads anything else, such as the page of a gateway, as an
 * answer without members: a list would be empty although nothing was read.
 */
const onlyJson: Policy = {
  name: 'onlyJson',
  sendRequest: async (request, next) => {
    const response = await next(request);
    const isJson = /^application\/json\b/i.test(response.headers.get('content-type') ?? '');
    if (response.status === 200 && !isJson) {
      throw new RestError('the answer is not JSON', { code: RestError.PARSE_ERROR });
    }
    return response;
  },
};

/** Makes one call. A status in `expected` answers undefined; a transient error becomes StoreUnavailable. */
async function answer<T>(expected: number[], call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const { status, code } = statusOf(error);
    if (isTransient(status, code)) {
      const shown = status > NO_ANSWER ? `${status} ${code}` : code;
      throw new StoreUnavailable(`table storage: ${shown}`, code);
    }
    if (expected.includes(status)) return undefined;
    throw error;
  }
}

/** Without an answer, the client gives one of many codes of the operating system. All of them are transient. */
const NO_ANSWER = 0;
const NOT_HTTP = -1;

/** Status and code of the error, without its text: that may quote a row. */
function statusOf(error: unknown): { status: number; code: string } {
  if (!(error instanceof RestError)) return { status: NOT_HTTP, code: (error as Error).name };
  // The code stands in a header, the body or both.
  const details = (error.details ?? {}) as { errorCode?: string; odataError?: { code?: string } };
  const code = details.errorCode ?? details.odataError?.code ?? error.code ?? error.name;
  return { status: error.statusCode ?? NO_ANSWER, code };
}

/**
 * Whether waiting or an operator can resolve the error. A missing table and a refused identity share their statuses with
 * errors of a row.
 */
const isTransient = (status: number, code: string): boolean =>
  TRANSIENT.includes(status) || status >= 500 || TRANSIENT_CODES.includes(code);

const TRANSIENT = [NO_ANSWER, 401, 403, 408, 429];
const TRANSIENT_CODES = [
  RestError.PARSE_ERROR,
  'AbortError',
  'TimeoutError',
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'TableNotFound',
  'TableBeingDeleted',
];

const KEY = /^[A-Za-z0-9._:-]{1,512}$/;
/** The service takes 64 KiB of UTF-16 in one column. */
const LONGEST_TEXT = 32_768;

/** Keys are built from checked ids; anything else is a defect and must not reach a URL or a filter. */
function checkKeys(...keys: string[]): void {
  for (const key of keys)
    if (!KEY.test(key)) throw new Error('a table key has a character that keys never have');
}

/** A row as the service takes it. Throws on what the service would drop, change or refuse. */
export function entityOf(partition: string, key: string, columns: Columns) {
  checkKeys(partition, key);
  const cells = Object.entries(columns);
  for (const [name, value] of cells) {
    // The service drops or changes these silently. Source: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new Error(`column ${name} is not a finite number`);
    if (typeof value === 'string' && !value.isWellFormed())
      throw new Error(`column ${name} is not well-formed text`);
    if (typeof value === 'string' && value.length > LONGEST_TEXT)
      throw new Error(`column ${name} is too long`);
  }
  return { ...Object.fromEntries(cells.map(typed)), partitionKey: partition, rowKey: key };
}

/** The service reads a JSON number without a fraction as an Int32, so a larger one must be marked as a Double. */
function typed([name, value]: [string, Cell]): [string, Cell | { type: 'Double'; value: number }] {
  const fits = typeof value !== 'number' || value === (value | 0);
  return [name, fits ? value : { type: 'Double', value }];
}

type Cell = Columns[string];

/** A row without the columns that the service adds. */
function stored(row: TableEntityResult<Record<string, unknown>>): StoredRow {
  const { partitionKey, rowKey, etag, ...rest } = row;
  const columns = Object.fromEntries(
    Object.entries(rest).filter(([name]) => name !== 'timestamp' && !name.startsWith('odata.')),
  ) as Columns;
  return { partition: partitionKey ?? '', key: rowKey ?? '', etag, columns };
}
