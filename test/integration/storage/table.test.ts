import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { TableClient } from '@azure/data-tables';
import { StoreUnavailable, type Table } from '../../../shared/storage/storage-port';
import { openTable } from '../../../shared/storage/table';
import { openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let table: Table;

beforeAll(async () => {
  storage = await openStorage();
  table = storage.table('workers');
});
afterAll(() => storage.close());

test('a row comes back as it was written', async () => {
  const columns = {
    text: ' spaces, "quotes", \\ / # ? and Jürgen 漢 😀 ',
    empty: '',
    time: '2026-11-20T09:30:00.000Z',
    yes: true,
    count: -3,
    fraction: 0.1,
    'odata-like': 'kept',
  };
  const etag = await table.insert('row', 'as-written', columns);
  expect(await table.read('row', 'as-written')).toEqual({
    partition: 'row',
    key: 'as-written',
    etag,
    columns,
  });
});

const wholeNumbers = [2 ** 31 - 1, -(2 ** 31), 2 ** 31, 20_261_120_093_000, 2 ** 53 - 1];

test.each(wholeNumbers)('the whole number %d comes back', async (count) => {
  await table.insert('numbers', `of-${count}`, { count });
  expect((await table.read('numbers', `of-${count}`))?.columns).toEqual({ count });
});

test('a taken key is no error: insert answers undefined and leaves the row alone', async () => {
  await table.insert('taken', 'one', { by: 'first' });
  expect(await table.insert('taken', 'one', { by: 'second' })).toBeUndefined();
  expect((await table.read('taken', 'one'))?.columns).toEqual({ by: 'first' });
});

test('only the ETag of the last write replaces a row, and replacing leaves no old column', async () => {
  const first = (await table.insert('replace', 'one', { a: 1, old: true })) ?? '';
  const second = await table.replace('replace', 'one', { a: 2 }, first);
  expect(second).not.toBe(first);
  expect(await table.replace('replace', 'one', { a: 3 }, first)).toBeUndefined();
  expect((await table.read('replace', 'one'))?.columns).toEqual({ a: 2 });
});

test('of several writes to a partition all happen or none, and each answers the ETag of its row', async () => {
  const [first = ''] = (await table.writeAll('all', [{ key: 'one', columns: { a: 1 } }])) ?? [];
  const changed = { key: 'one', columns: { a: 2 }, etag: first };
  const etags = await table.writeAll('all', [changed, { key: 'two', columns: {} }]);
  const rows = await table.list('all');
  expect(rows.map(({ key, etag }) => [key, etag])).toEqual([
    ['one', etags?.[0]],
    ['two', etags?.[1]],
  ]);
  const third = { key: 'three', columns: {} };
  // An outdated ETag, a row that is gone, and a taken key.
  expect(await table.writeAll('all', [third, changed])).toBeUndefined();
  expect(await table.writeAll('all', [third, { ...changed, key: 'gone' }])).toBeUndefined();
  expect(await table.writeAll('all', [third, { key: 'two', columns: {} }])).toBeUndefined();
  expect(await table.list('all')).toEqual(rows);
});

test('a row that is gone is neither read nor replaced, and removing it again is as good', async () => {
  const etag = (await table.insert('gone', 'one', {})) ?? '';
  await table.remove('gone', 'one');
  await table.remove('gone', 'one');
  expect(await table.read('gone', 'one')).toBeUndefined();
  expect(await table.replace('gone', 'one', {}, etag)).toBeUndefined();
});

test('a list is one partition in key order, from a key up to below another', async () => {
  for (const key of ['fact-2', 'grant-a', 'fact-1', 'fact.', 'turn']) {
    await table.insert('list', key, {});
  }
  await table.insert('list-of-another', 'fact-3', {});
  const keys = async (range?: { from?: string; below?: string }) =>
    (await table.list('list', range)).map((row) => row.key);
  expect(await keys()).toEqual(['fact-1', 'fact-2', 'fact.', 'grant-a', 'turn']);
  expect(await keys({ from: 'fact-', below: 'fact.' })).toEqual(['fact-1', 'fact-2']);
  expect(await keys({ from: 'grant-a' })).toEqual(['grant-a', 'turn']);
  expect(await table.list('nobody')).toEqual([]);
});

test('a list goes on over the end of a page', async () => {
  const client = TableClient.fromConnectionString(storage.connectionString, 'workers', {
    allowInsecureConnection: true,
  });
  const rows = Array.from({ length: 1050 }, (_, at) => ({
    partitionKey: 'pages',
    rowKey: String(at).padStart(5, '0'),
  }));
  for (let at = 0; at < rows.length; at += 100) {
    await client.submitTransaction(rows.slice(at, at + 100).map((row) => ['create', row]));
  }
  const keys = (await table.list('pages')).map((row) => row.key);
  expect(keys).toEqual(rows.map((row) => row.rowKey));
});

const refusedKeys = ["a'b", 'a/b', 'a\\b', 'a#b', 'a?b', 'a b', '', 'ä', 'x'.repeat(513), 'a\n'];

test.each(refusedKeys)('a key like %j never reaches the store', async (key) => {
  const refusal = 'a table key has a character that keys never have';
  await expect(table.read(key, 'k')).rejects.toThrow(refusal);
  await expect(table.read('p', key)).rejects.toThrow(refusal);
  await expect(table.insert(key, 'k', {})).rejects.toThrow(refusal);
  await expect(table.replace('p', key, {}, '*')).rejects.toThrow(refusal);
  await expect(table.remove('p', key)).rejects.toThrow(refusal);
  await expect(table.list(key)).rejects.toThrow(refusal);
  await expect(table.list('p', { from: key })).rejects.toThrow(refusal);
  await expect(table.list('p', { below: key })).rejects.toThrow(refusal);
});

test('what storage would drop, mangle or refuse is a defect that names the column and not the value', async () => {
  const insert = (columns: Record<string, string | number>) => table.insert('bad', 'one', columns);
  await expect(insert({ amount: NaN })).rejects.toThrow('column amount is not a finite number');
  await expect(insert({ amount: Infinity })).rejects.toThrow(
    'column amount is not a finite number',
  );
  await expect(insert({ name: 'half \ud83d' })).rejects.toThrow(
    'column name is not well-formed text',
  );
  await expect(insert({ name: 'x'.repeat(32_769) })).rejects.toThrow('column name is too long');
  expect(await table.read('bad', 'one')).toBeUndefined();
});

test('a table that does not exist is no missing row: the store is unavailable, for every verb', async () => {
  const absent = storage.table('nosuchtable');
  for (const call of everyVerb(absent)) await expect(call()).rejects.toThrow(StoreUnavailable);
});

test('a refused identity is transient, because an operator can fix it', async () => {
  const wrongKey = storage.connectionString.replace(/AccountKey=[^;]+/, 'AccountKey=d3Jvbmc=');
  for (const call of everyVerb(openTable(wrongKey, 'workers'))) {
    await expect(call()).rejects.toThrow(StoreUnavailable);
  }
});

describe('a store that is not well', () => {
  let server: Server;
  let behave: (socket: Socket) => void;
  const sockets = new Set<Socket>();
  const sick = (): Table => {
    const { port } = server.address() as AddressInfo;
    const address = storage.connectionString.replace(
      /TableEndpoint=[^;]+/,
      `TableEndpoint=http://127.0.0.1:${port}/devstoreaccount1`,
    );
    return openTable(address, 'workers', undefined, 200);
  };

  beforeEach(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      behave(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const answering = (text: string) => (socket: Socket) => {
    socket.once('data', () => socket.end(text));
  };

  const manners: [string, (socket: Socket) => void][] = [
    ['is silent', () => undefined],
    ['hangs up', (socket) => socket.destroy()],
    [
      'answers with the page of a gateway',
      answering(
        'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>',
      ),
    ],
    [
      'answers under a wrong type',
      answering(
        'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\n\r\n{"value":[]}',
      ),
    ],
    ['is overloaded', answering('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n')],
    ['throttles', answering('HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n')],
    ['breaks off in the middle', answering('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"a":')],
    [
      'answers with half a document',
      answering(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{"a":',
      ),
    ],
  ];

  test.each(manners)('a store that %s is unavailable within the deadline', async (_, manner) => {
    behave = manner;
    const began = Date.now();
    await expect(sick().read('p', 'k')).rejects.toThrow(StoreUnavailable);
    await expect(sick().list('p')).rejects.toThrow(StoreUnavailable);
    await expect(sick().insert('p', 'k', {})).rejects.toThrow(StoreUnavailable);
    const writes = [{ key: 'k', columns: {} }];
    await expect(sick().writeAll('p', writes)).rejects.toThrow(StoreUnavailable);
    expect(Date.now() - began).toBeLessThan(3000);
  });

  /** The answer to a transaction, with these parts. */
  const transaction = (...parts: string[]) => {
    const text = [...parts.map((part) => `--changesetresponse_1\r\n${part}\r\n`), ''].join('');
    const body = `--batchresponse_1\r\n\r\n${text}--changesetresponse_1--\r\n`;
    const type = 'content-type: multipart/mixed; boundary=batchresponse_1';
    const head = `HTTP/1.1 202 Accepted\r\n${type}\r\ncontent-length: ${body.length}`;
    return answering(`${head}\r\n\r\n${body}`);
  };
  const done = `HTTP/1.1 204 No Content\r\nETag: W/"1"\r\n`;

  test.each([
    ['nothing that can be read', answering('HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}')],
    ['no part', transaction()],
    ['a part too few', transaction(done)],
    ['a part without ETag', transaction(done, 'HTTP/1.1 204 No Content\r\n')],
    ['a part without status', transaction(done, 'ETag: W/"1"\r\n')],
  ])(
    'an accepted transaction whose answer has %s is unclear, never a success',
    async (_, manner) => {
      behave = manner;
      const writes = ['one', 'two'].map((key) => ({ key, columns: {} }));
      await expect(sick().writeAll('p', writes)).rejects.toThrow(StoreUnavailable);
    },
  );

  test('an accepted transaction whose answer has every part is a success', async () => {
    behave = transaction(done, done);
    const writes = ['one', 'two'].map((key) => ({ key, columns: {} }));
    expect(await sick().writeAll('p', writes)).toEqual(['W/"1"', 'W/"1"']);
  });

  test('a write is tried once: a lost answer does not come back as a conflict', async () => {
    let requests = 0;
    behave = (socket) => {
      socket.on('data', () => {
        requests += 1;
        socket.destroy();
      });
    };
    await expect(sick().insert('p', 'k', {})).rejects.toThrow(StoreUnavailable);
    expect(requests).toBe(1);
  });

  test('a write whose answer has no ETag is unclear, and never turns into an overwrite', async () => {
    behave = answering('HTTP/1.1 204 No Content\r\n\r\n');
    await expect(sick().insert('p', 'k', {})).rejects.toThrow(StoreUnavailable);
  });

  test.each(wholeNumbers)('%d is sent under a type that can hold it', async (count) => {
    let sent = '';
    behave = (socket) => socket.on('data', (data) => (sent += data.toString()));
    await expect(sick().insert('p', 'k', { count })).rejects.toThrow(StoreUnavailable);
    const type = '"count@odata.type":"Edm.Double"';
    expect(sent).toContain(`"count":${count}`);
    expect(sent.includes(type)).toBe(count >= 2 ** 31);
  });

  test('nobody listens: unavailable, and the reason holds no address and no key', async () => {
    const client = sick();
    await new Promise((resolve) => server.close(resolve));
    const error = (await client.read('p', 'k').catch((thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error.message).toBe('table storage: ECONNREFUSED');
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});

test('an https endpoint without a credential is refused, and not quoted: it may hold a signature', () => {
  const open = () => openTable('https://acme.table.core.windows.net?sig=secret', 'workers');
  expect(open).toThrow('a table endpoint by https needs a credential');
});

const everyVerb = (some: Table): (() => Promise<unknown>)[] => [
  () => some.read('p', 'k'),
  () => some.insert('p', 'k', {}),
  () => some.writeAll('p', [{ key: 'k', columns: {} }]),
  () => some.replace('p', 'k', {}, '*'),
  () => some.remove('p', 'k'),
  () => some.list('p'),
];
