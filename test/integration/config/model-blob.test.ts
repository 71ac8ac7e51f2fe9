import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { loadModelBlob, loadModelFile, loadRoster } from '../../../shared/config/load-model';
import { projectRoot } from '../../../infra/local/stack/service';

const URL_OF_BLOB = 'https://acme.blob.core.windows.net/models/access-model.json';
const file = join(projectRoot(), 'access-model.json');

/** What the blob service answers, and what it was asked. */
let answer: (response: ServerResponse) => unknown;
const asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  answer(response);
});

/** A token is sent by https alone. Here the connection ends at this server, without a certificate. */
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  jest.spyOn(Agent.prototype, 'createConnection').mockImplementation(() => connect(port));
});
beforeEach(() => {
  asked.length = 0;
});
afterAll(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const scopes: unknown[] = [];
const credential = {
  getToken: (scope: unknown) => {
    scopes.push(scope);
    return Promise.resolve({ token: 'token-1', expiresOnTimestamp: Date.now() + 3_600_000 });
  },
};
const load = (by = credential) => loadModelBlob(URL_OF_BLOB, by);

test('a model in a blob is that of the file: read once, with a token for storage', async () => {
  answer = (response) => response.writeHead(200).end(readFileSync(file));
  const { model, hash } = await load();
  expect({ model, hash }).toEqual({
    model: loadModelFile(file).model,
    hash: loadModelFile(file).hash,
  });
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /models/access-model.json',
  ]);
  expect(asked[0]?.headers).toMatchObject({
    authorization: 'Bearer token-1',
    // Older versions of the service take no token.
    'x-ms-version': '2021-12-02',
  });
  expect(scopes.flat()).toEqual(['https://storage.azure.com/.default']);
});

test.each([
  ['is missing', 404],
  ['may not be read', 403],
  ['is throttled', 503],
  ['was moved', 302],
])(
  'a blob that %s is an error with the status %i, and nothing of the answer',
  async (_, status) => {
    answer = (response) =>
      response.writeHead(status, { location: 'https://elsewhere.invalid/' }).end('<Error>CANARY');
    await expect(load()).rejects.toThrow(
      new Error(`the access model cannot be read: ${status} from its blob`),
    );
    expect(asked).toHaveLength(1);
  },
);

test('a blob with faults is an error that names its address and lists every fault', async () => {
  const model = JSON.parse(readFileSync(file, 'utf8')) as object;
  const faulty = JSON.stringify({ ...model, catalogs: undefined, leadDays: -1 });
  answer = (response) => response.writeHead(200).end(faulty);
  const failure = load();
  await expect(failure).rejects.toThrow(`the access model ${URL_OF_BLOB} has faults:\n`);
  await expect(failure).rejects.toThrow(/leadDays/);
  await expect(failure).rejects.toThrow(/catalogs/);
});

test('an empty blob is a model with a fault, and not a model without rules', async () => {
  answer = (response) => response.writeHead(200).end();
  await expect(load()).rejects.toThrow(/has faults:\n {2}\S/);
});

test('without a token the blob is not asked', async () => {
  answer = (response) => response.writeHead(200).end(readFileSync(file));
  const refused = { getToken: () => Promise.reject(new Error('nobody is signed in')) };
  await expect(load(refused)).rejects.toThrow('nobody is signed in');
  expect(asked).toEqual([]);
});

test('a roster in a blob is read with its map, byte by byte and with the time of its last change', async () => {
  const bytes = Buffer.from([0xff, 0x00, 0x41]);
  answer = (response) =>
    response.writeHead(200, { 'last-modified': 'Mon, 04 Jan 2027 12:00:00 GMT' }).end(bytes);
  const place = 'https://acme.blob.core.windows.net/hr/roster.csv';
  const roster = await loadRoster({ place, map: place }, '/', credential);
  expect([roster.bytes, roster.map]).toEqual([bytes, bytes]);
  expect(roster.changedAt.toISOString()).toBe('2027-01-04T12:00:00.000Z');
  answer = (response) => response.writeHead(404).end('CANARY');
  await expect(loadRoster({ place, map: place }, '/', credential)).rejects.toThrow(
    new Error('the roster cannot be read: 404 from its blob'),
  );
});
