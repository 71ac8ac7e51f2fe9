import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { app, type HttpHandler, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { registerHealth } from '../../../functions/http/health';
import type { Services } from '../../../functions/services';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { servicesOver } from '../../support/call-activity';
import { openStorage, type Storage } from '../../support/storage';

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const nobody = () => Promise.resolve([]);
const UNKNOWN = 'DurableClient error: Durable Functions extension replied with HTTP 404 response.';

/** One question, as the host asks it; `hub` is what the durable client's status call rejects with. */
async function ask(over: Partial<Services> = {}, hub = UNKNOWN) {
  let handler: HttpHandler | undefined;
  const client = { getStatus: () => Promise.reject(new Error(hub)) } as never;
  const registering = jest.spyOn(df.app.client, 'http').mockImplementation((_, options) => {
    handler = (request, context) => options.handler(request, client, context);
  });
  const live = jest.spyOn(app, 'http').mockReturnValue();
  registerHealth()({ ...servicesOver(storage, { findUsers: nobody }), ...over });
  for (const mock of [registering, live]) mock.mockRestore();
  const logged: string[] = [];
  const context = { warn: (line: string) => logged.push(line) } as unknown as InvocationContext;
  const answer = (await handler?.({} as never, context)) as {
    status: number;
    jsonBody: { dependencies: Record<string, string> };
  };
  return { status: answer.status, ...answer.jsonBody.dependencies, logged: logged.join('\n') };
}

const refusing = (message: string, name: string) =>
  createEntitlements({
    root: 'https://graph.invalid',
    dialect: 'v1.0',
    appVersion: 'test',
    credential: { getToken: () => Promise.reject(Object.assign(new Error(message), { name })) },
  });

test('without an identity it says so, and nothing of what the identity said', async () => {
  const graph = refusing('CANARY', 'CredentialUnavailableError');
  const { logged, ...answer } = await ask({ graph });
  expect(answer).toMatchObject({ status: 503, graph: 'identity-unavailable', records: 'ok' });
  expect(logged).toContain('"graph":"identity-unavailable"');
  expect(logged + JSON.stringify(answer)).not.toContain('CANARY');
});

test('with a model that is not loaded, a task hub that is away and no connection set, it names all three', async () => {
  const model = () => {
    throw new Error('CANARY');
  };
  expect(await ask({ model }, 'connect ECONNREFUSED CANARY')).toMatchObject({
    ...{ status: 503, accessModel: 'not-loaded', taskHub: 'host-unavailable' },
    ...{ queue: 'not-configured', records: 'ok', audit: 'ok', graph: 'ok' },
    logged: expect.not.stringContaining('CANARY') as string,
  });
});

test('a defect of a check is a finding, without its text', async () => {
  const { claims, ...services } = servicesOver(storage, { findUsers: nobody });
  const read = () => Promise.reject(new TypeError('CANARY'));
  const answer = await ask({ ...services, claims: { ...claims, read } });
  expect(answer).toMatchObject({ status: 503, records: 'defect' });
  expect(JSON.stringify(answer)).not.toContain('CANARY');
});

test('a namespace is ready if it accepts connections, and its address is in no answer', async () => {
  const namespace = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(namespace, 'listening');
  const { port } = namespace.address() as AddressInfo;
  const { config } = servicesOver(storage);
  const at = { config: { ...config, bus: { host: '127.0.0.1', port } } };
  expect(await ask(at)).toMatchObject({ status: 200, queue: 'ok' });
  namespace.close();
  await once(namespace, 'close');
  const { logged, ...answer } = await ask(at);
  expect(answer).toMatchObject({ status: 503, queue: 'unreachable', records: 'ok' });
  expect(logged).toContain('"queue":"unreachable"');
  expect(logged + JSON.stringify(answer)).not.toContain(String(port));
});
