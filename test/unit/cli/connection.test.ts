import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, findConnection, findSettings, readBody } from '../../../cli/connection';
import { CliError } from '../../../cli/print';

let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-connection-'));
  env = { JOINERY_DATA_DIR: folder };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (name: string, content: unknown): Promise<string> => {
  const path = join(folder, name);
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return writeFile(path, text).then(() => path);
};

const stack = {
  serviceBus: { connectionString: 'Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=a' },
  storage: { connectionString: 'UseDevelopmentStorage=true' },
};

const azure = {
  ServiceBus__fullyQualifiedNamespace: 'acme.servicebus.windows.net',
  RECORDS_STORAGE: 'https://acmerecords.table.core.windows.net',
  AUDIT_STORAGE: 'https://acmeaudit.table.core.windows.net',
  EVENT_SOURCES: ' urn:hr:acme:workday, ,urn:hr:acme:sap,',
};

/** What a call throws: its message and the exit code of the command. */
async function refusalOf(act: () => unknown): Promise<{ message: string; code: number }> {
  try {
    await act();
  } catch (error) {
    if (error instanceof CliError) return { message: error.message, code: error.code };
    throw error;
  }
  throw new Error('nothing was refused');
}

test.each(['', ' '])(
  'a folder of the stack that is "%s" is wrong use, and not the folder of the caller',
  async (JOINERY_DATA_DIR) => {
    expect(await refusalOf(() => findConnection({ JOINERY_DATA_DIR }))).toEqual({
      message: `JOINERY_DATA_DIR is "${JOINERY_DATA_DIR}": set it to the folder of the local stack, or unset it`,
      code: 2,
    });
    expect(await refusalOf(() => findSettings({ JOINERY_DATA_DIR }))).toMatchObject({ code: 2 });
  },
);

describe('where stores and queue are', () => {
  test('is what the environment says if it is complete, with the defaults of the app for the rest', () => {
    expect(findConnection(azure)).toEqual({
      serviceBus: 'acme.servicebus.windows.net',
      queue: 'provisioning-events',
      records: azure.RECORDS_STORAGE,
      audit: azure.AUDIT_STORAGE,
      sources: ['urn:hr:acme:workday', 'urn:hr:acme:sap'],
      matchAttribute: 'employeeId',
      // No file on this machine is taken for the model of an app in Azure.
      accessModel: undefined,
      now: expect.any(Function) as () => Date,
    });
    const named = { PROVISIONING_QUEUE: 'q', MATCH_ATTRIBUTE: 'mail', ACCESS_MODEL: 'm.json' };
    expect(findConnection({ ...azure, ...named })).toMatchObject({
      ...{ queue: 'q', matchAttribute: 'mail', accessModel: 'm.json' },
    });
  });

  test('is the local stack if one setting is missing, and nothing of both is mixed', async () => {
    await file('stack.json', stack);
    const found = findConnection({ ...azure, ...env, EVENT_SOURCES: '' });
    expect(found).toMatchObject({
      serviceBus: stack.serviceBus.connectionString,
      records: 'UseDevelopmentStorage=true',
      audit: 'UseDevelopmentStorage=true',
      sources: ['urn:hr:acme:workday'],
    });
    expect(found.accessModel).toMatch(/access-model\.json$/);
  });

  test('of a stack whose host runs is what the host was started with', async () => {
    const settings = {
      EVENT_SOURCES: 'urn:other',
      PROVISIONING_QUEUE: 'other',
      ACCESS_MODEL: '/models/mine.json',
      RECORDS_STORAGE: 'CANARY',
    };
    await file('stack.json', { ...stack, host: { settings } });
    expect(findConnection(env)).toMatchObject({
      ...{ sources: ['urn:other'], queue: 'other', accessModel: '/models/mine.json' },
      // The stack moves its stores between two starts of the host.
      records: 'UseDevelopmentStorage=true',
    });
  });

  test.each([
    ['is half written', '{"serviceBus":'],
    ['has no storage', { serviceBus: stack.serviceBus }],
  ])('is unknown if the file of the stack %s, as if there were none', async (_, content) => {
    const path = await file('stack.json', content);
    const { message, code } = await refusalOf(() => findConnection(env));
    expect(code).toBe(1);
    expect(message).toContain(`no running stack in ${path}`);
    expect(message).toContain('ServiceBus__fullyQualifiedNamespace');
  });
});

describe('the settings of the app', () => {
  test('are the environment as soon as it has one address, so that doctor can say what is missing', async () => {
    await file('stack.json', stack);
    const given = { ...env, AUDIT_STORAGE: azure.AUDIT_STORAGE };
    expect(await findSettings(given)).toEqual({ settings: given, local: false });
  });

  test('of a stack need its Graph too; while only the host is stopped they have no http address', async () => {
    await file('stack.json', stack);
    expect(await refusalOf(() => findSettings(env))).toMatchObject({
      message: expect.stringContaining('--settings <file>') as string,
    });
    const withGraph = { ...stack, graph: { url: 'http://127.0.0.1:4000' } };
    await file('stack.json', withGraph);
    const stopped = await findSettings(env);
    expect(stopped).toMatchObject({
      local: true,
      settings: { GRAPH_URL: 'http://127.0.0.1:4000', GRAPH_LAG: '250ms' },
    });
    expect(stopped.host).toBeUndefined();
    const host = { url: 'http://127.0.0.1:7071', settings: { GRAPH_LAG: '1s' } };
    await file('stack.json', { ...withGraph, host });
    expect(await findSettings(env)).toMatchObject({
      host: 'http://127.0.0.1:7071',
      settings: { GRAPH_LAG: '1s' },
    });
  });

  test.each([
    [
      'the Azure CLI',
      [
        { name: 'GRAPH_LAG', value: '2s', slotSetting: false },
        { name: 'DEPTH', value: 3, slotSetting: true },
      ],
    ],
    ['a local.settings.json', { IsEncrypted: false, Values: { GRAPH_LAG: '2s', DEPTH: 3 } }],
    ['a plain object', { GRAPH_LAG: '2s', DEPTH: 3 }],
  ])('are read from a file in the form of %s, numbers as text', async (_, content) => {
    const path = await file('settings.json', content);
    expect(await findSettings({ ...env, ...azure }, path)).toEqual({
      settings: { GRAPH_LAG: '2s', DEPTH: '3' },
      local: false,
    });
  });

  test.each([['[1]'], ['{"Values":{"A":{}}}'], ['null'], ['GRAPH_LAG=2s']])(
    'a file that holds %s is wrong use, and nothing of it is shown',
    async (content) => {
      const path = await file('settings.json', content);
      const { message, code } = await refusalOf(() => findSettings(env, path));
      expect(code).toBe(2);
      expect(message).toMatch(`${path} holds no settings. Pass the output of "az functionapp`);
      expect(message).not.toContain('GRAPH_LAG');
    },
  );

  test('that the app would refuse are a failure of the command that names each', async () => {
    const settings = { ...azure, GRAPH_LAG: 'CANARY' };
    const { message, code } = await refusalOf(() => configOf({ settings, local: false }));
    expect(code).toBe(1);
    expect(message).toMatch(/PROVISIONING_QUEUE.*\n.*GRAPH_LAG/);
    expect(message).not.toContain('CANARY');
  });
});

test('a file is read byte for byte; what cannot be read is wrong use that says why', async () => {
  const path = await file('bytes', '');
  const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0x00]);
  await writeFile(path, bytes);
  expect((await readBody(path)).equals(bytes)).toBe(true);
  await mkdir(join(folder, 'inner'));
  const answers = await Promise.all(
    [folder, join(folder, 'absent'), join(path, 'inner')].map((one) =>
      refusalOf(() => readBody(one)),
    ),
  );
  expect(answers).toEqual([
    { message: `cannot read ${folder}: it is a folder`, code: 2 },
    { message: `cannot read ${join(folder, 'absent')}: there is no such file`, code: 2 },
    { message: `cannot read ${join(path, 'inner')}: ENOTDIR`, code: 2 },
  ]);
});
