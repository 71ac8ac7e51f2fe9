import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { asOutcome } from '../../../shared/graph/errors';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { createTokenSource } from '../../../shared/graph/token-source';
import { openTable } from '../../../shared/storage/table';
import { createCredential } from '../../../shared/config/identity';
import { loadModelBlob } from '../../../shared/config/load-model';

type Answering = (response: ServerResponse, request: IncomingMessage) => unknown;

let answer: Answering;
let asked = 0;
const server = createServer((request, response) => {
  asked += 1;
  answer(response, request);
});

/** The endpoint that App Service gives an app for its identity; the real credential is asked, nothing of it replaced. */
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${port}/msi/token`;
  process.env['IDENTITY_HEADER'] = 'right';
});
afterAll(async () => {
  delete process.env['IDENTITY_ENDPOINT'];
  delete process.env['IDENTITY_HEADER'];
  for (const response of waiting) response.writeHead(401).end();
  server.close();
  await once(server, 'close');
});
beforeEach(() => (asked = 0));

const json = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
const token = (response: ServerResponse) =>
  json(response, 200, {
    access_token: 'token-1',
    expires_on: String(Math.floor(Date.now() / 1000) + 3600),
    resource: 'https://graph.microsoft.com',
    token_type: 'Bearer',
  });
/** Those whom it lets wait; a refusal in the end is the one answer after which the credential does not try again. */
const waiting: ServerResponse[] = [];
const silent: Answering = (response) => waiting.push(response);

/** The credential tries four times by itself, which takes it about six seconds; nothing bounds its patience with silence. */
const troubles: [string, number, Answering][] = [
  ['answers 503 again and again', 10_000, (response) => response.writeHead(503).end()],
  [
    'refuses the secret in its header',
    10_000,
    (response) => json(response, 401, { statusCode: 401, message: 'CANARY' }),
  ],
  ['answers with a page', 10_000, (response) => response.writeHead(200).end('<html>CANARY')],
  ['is silent', 500, silent],
];

/** Addresses that nobody has: without a token nothing may be sent to them. */
const lookUp = (deadlineMs: number) => {
  const graph = createEntitlements({
    ...{ root: 'https://graph.invalid', dialect: 'v1.0', appVersion: 'test', deadlineMs },
    credential: createCredential({ managed: true }),
  });
  return asOutcome(async () => {
    await graph.findUsers('employeeId', 'W-1');
    return { kind: 'done' };
  });
};
const readRow = (deadlineMs: number) => {
  const credential = createCredential({ managed: true });
  return openTable('https://acme.invalid', 'claims', credential, deadlineMs).read('a', 'b');
};

test.each(troubles)(
  'an identity endpoint that %s makes runs and intake wait, within a deadline',
  async (_, deadlineMs, trouble) => {
    answer = trouble;
    const began = Date.now();
    const [outcome, error] = await Promise.all([
      lookUp(deadlineMs),
      readRow(deadlineMs).catch((thrown: unknown) => thrown),
    ]);
    expect(outcome).toMatchObject({
      ...{ kind: 'later', why: 'identity-unavailable', afterSeconds: 30 },
      evidence: { errorCode: expect.stringMatching(/^no-token\/\w+Error$/) as string },
    });
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(JSON.stringify([outcome, String(error)])).not.toContain('CANARY');
    expect(Date.now() - began).toBeLessThan(deadlineMs + 2_000);
    expect(asked).toBeLessThanOrEqual(8);
  },
  30_000,
);

test('one that answers 503 twice and then with a token has cost nothing but the wait', async () => {
  answer = (response, { headers }) => {
    if (asked <= 2) response.writeHead(503).end();
    else if (headers['x-identity-header'] === 'right') token(response);
    else response.writeHead(401).end();
  };
  const source = createTokenSource(
    createCredential({ managed: true }),
    'https://graph.microsoft.com/.default',
    10_000,
  );
  expect(await source.current()).toBe('token-1');
  expect(asked).toBe(3);
}, 30_000);

test('a blob of the access model is not waited for without end', async () => {
  answer = silent;
  const loading = loadModelBlob(
    'https://acme.invalid/model.json',
    createCredential({ managed: true }),
    500,
  );
  await expect(loading).rejects.toMatchObject({ name: 'TimeoutError' });
});
