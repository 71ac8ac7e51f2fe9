import { rm } from 'node:fs/promises';
import { type HostProcess, hostThatFails, newDataDir, startHostProcess } from './setup';

let host: HostProcess;

beforeAll(async () => {
  host = await startHostProcess(await newDataDir(), {
    'AzureWebJobs.switchedOff.Disabled': 'true',
  });
});

afterAll(async () => {
  await host.stop();
  await rm(host.dataDir, { recursive: true, force: true });
});

describe('an HTTP function', () => {
  it('gets method, query and body, and answers with status, headers and cookies', async () => {
    const response = await fetch(`${host.url}/api/hello?name=Ada`, { method: 'PUT', body: 'hi' });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-fixture')).toBe('yes');
    expect(response.headers.get('set-cookie')).toBe('a=b; HttpOnly');
    expect(await response.text()).toBe('PUT Ada hi');
    expect(host.output()).toContain('information [hello] said hello');
  });

  it.each([
    ['nothing', 204],
    ['broken', 500],
    ['switchedOff', 404],
    ['unknown', 404],
  ])('%s answers %i', async (path, status) => {
    expect((await fetch(`${host.url}/api/${path}`)).status).toBe(status);
  });

  it('is not called with another method', async () => {
    expect((await fetch(`${host.url}/api/hello`, { method: 'DELETE' })).status).toBe(404);
  });
});

describe('an app with HTTP streaming', () => {
  it('gets its requests and gives its answers as streams', async () => {
    const dataDir = await newDataDir();
    const streaming = await startHostProcess(dataDir, { STREAM: '1' });
    const put = { method: 'PUT', body: 'x'.repeat(200_000) };
    const response = await fetch(`${streaming.url}/api/hello?name=Ada`, put);
    expect([response.status, response.headers.get('x-fixture')]).toEqual([201, 'yes']);
    expect(await response.text()).toBe(`PUT Ada ${put.body}`);
    expect((await fetch(`${streaming.url}/api/broken`)).status).toBe(500);
    await streaming.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('the host', () => {
  it('says that it is a stand-in and that it runs', async () => {
    expect(await (await fetch(host.url)).text()).toContain('local stand-in');
    const status = await fetch(`${host.url}/admin/host/status`);
    expect(await status.json()).toMatchObject({ state: 'Running' });
  });

  it('lists its functions with trigger and route, and warns of settings without effect', () => {
    expect(host.output()).toContain('function hello: httpTrigger [GET,PUT] /api/hello');
    expect(host.output()).toContain('function switchedOff: httpTrigger disabled');
    expect(host.output()).toContain('warning host.json: queues has no effect on the local host');
  });

  it('ends with one clear line when its port is taken', async () => {
    const { port } = new URL(host.url);
    const { code, output } = await hostThatFails(host.dataDir, { HOST_PORT: port });
    expect(code).toBe(1);
    expect(output).toContain(
      `address already in use 127.0.0.1:${port}; stop the program on that port`,
    );
  });

  it('ends with the name of an app setting that is missing', async () => {
    const dataDir = await newDataDir();
    const { code, output } = await hostThatFails(dataDir, {
      ServiceBus:
        'Endpoint=sb://127.0.0.1:1;UseDevelopmentEmulator=true;SharedAccessKeyName=a;SharedAccessKey=b',
    });
    expect(code).toBe(1);
    expect(output).toContain('the app setting in "%BYTES_QUEUE%" is not set');
    await rm(dataDir, { recursive: true, force: true });
  });
});
