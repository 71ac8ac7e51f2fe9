import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInvoker } from '../../infra/local/functions-host/app/invoke';
import {
  coreApi,
  noRegistrations,
  type Registrations,
} from '../../infra/local/functions-host/app/load-app';
import { clientBinding } from '../../infra/local/functions-host/durable/api/management-api';
import { projectRoot } from '../../infra/local/stack/service';

const folder = mkdtempSync(join(tmpdir(), 'joinery-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

const modelFile = join(projectRoot(), 'access-model.json');
const text = readFileSync(modelFile, 'utf8');
const model = JSON.parse(text) as { accessPackages: object[] };
const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const [first, ...others] = model.accessPackages;
/** The sample model with the groups of a real tenant. */
const ownGroups = text.replaceAll('"10000000-', '"6f1c2a3b-');
const faulty = { ...model, leadDays: -1, accessPackages: [{ ...first, key: 'Über' }, ...others] };

const right = {
  PROVISIONING_QUEUE: 'provisioning-events',
  EVENT_SOURCES: 'urn:hr:acme:workday',
  RECORDS_STORAGE: 'UseDevelopmentStorage=true',
  AUDIT_STORAGE: 'UseDevelopmentStorage=true',
  ACCESS_MODEL: modelFile,
  GRAPH_URL: 'http://127.0.0.1:1',
};

type Loaded = { registrations: Registrations; error: Error | undefined };

/**
 * Loads the built app as the Node worker of Azure Functions does: the module `@azure/functions-core` records what it
 * registers, an error of the entry point is kept, and then the `appStart` hooks run.
 */
async function loadAsWorker(settings: Record<string, string | undefined>): Promise<Loaded> {
  const registrations = noRegistrations();
  const before = process.env;
  process.env = { PATH: before['PATH'], ...settings };
  try {
    jest.resetModules();
    jest.doMock('@azure/functions-core', () => coreApi(registrations, () => undefined), {
      virtual: true,
    });
    try {
      jest.requireActual(join(projectRoot(), 'dist', 'functions', 'main.js'));
      const context = { hookData: {}, appHookData: {}, functionAppDirectory: projectRoot() };
      for (const hook of registrations.hooks.appStart) await hook(context);
    } catch (error) {
      return { registrations, error: error as Error };
    }
    return { registrations, error: undefined };
  } finally {
    process.env = before;
  }
}

/**
 * The worker's answer to the metadata request: without a function it is a success and says nothing of the error.
 * Source: https://github.com/Azure/azure-functions-nodejs-worker (FunctionsMetadataHandler)
 */
const metadataAnswer = ({ registrations: { functions }, error }: Loaded): string[] | Error => {
  if (functions.size === 0) return [];
  return error ?? [...functions.keys()];
};

async function statusOf({ registrations }: Loaded, name: string): Promise<string | undefined> {
  const url = `http://127.0.0.1/api/health/${name}`;
  const nothing = { nullableHeaders: {}, nullableQuery: {}, nullableParams: {} };
  const answer = await createInvoker(registrations, () => undefined)(name, {
    trigger: { http: { method: 'GET', url, ...nothing } },
    inputs: () => ({ string: JSON.stringify(clientBinding('http://127.0.0.1:1', 'hub')) }),
  });
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.response.returnValue?.http?.statusCode;
}

test('an app with the right settings registers its functions and is alive', async () => {
  const app = await loadAsWorker(right);
  expect(metadataAnswer(app)).toEqual(
    expect.arrayContaining(['live', 'ready', 'intake', 'accessChange', 'supervise']),
  );
  expect(await statusOf(app, 'live')).toBe('200');
});

const withoutAny = Object.fromEntries(Object.keys(right).map((name) => [name, undefined]));
test('a model with the object ids of a tenant starts with the Graph of a cloud', async () => {
  const own = fileOf('own.json', ownGroups.replaceAll('"30000000-', '"7f1c2a3b-'));
  const app = await loadAsWorker({ ...right, GRAPH_URL: undefined, ACCESS_MODEL: own });
  expect(app.error).toBeUndefined();
  expect(await statusOf(app, 'live')).toBe('200');
});

test.each<[string, Record<string, string | undefined>, string[]]>([
  [
    'no settings at all',
    withoutAny,
    ['PROVISIONING_QUEUE', 'EVENT_SOURCES', 'RECORDS_STORAGE', 'AUDIT_STORAGE'],
  ],
  ['one missing setting', { AUDIT_STORAGE: undefined }, ['AUDIT_STORAGE']],
  ['an empty setting', { PROVISIONING_QUEUE: '' }, ['PROVISIONING_QUEUE']],
  [
    'settings that cannot be read',
    { CALL_PATIENCE: 'soon', GRAPH_DIALECT: 'v2', POLL_SCHEDULE: 'often' },
    ['CALL_PATIENCE', 'GRAPH_DIALECT', 'POLL_SCHEDULE'],
  ],
  [
    'connection strings without a key, a queue of spaces and no source',
    {
      ...{ PROVISIONING_QUEUE: ' ', EVENT_SOURCES: undefined },
      ...{ RECORDS_STORAGE: 'AccountName=acme', AUDIT_STORAGE: 'TableEndpoint=acme' },
    },
    ['PROVISIONING_QUEUE', 'EVENT_SOURCES', 'RECORDS_STORAGE', 'AUDIT_STORAGE'],
  ],
  ['a Graph that no token may be sent to', { GRAPH_URL: 'http://graph.example.com' }, ['https']],
  ['no access model', { ACCESS_MODEL: join(folder, 'none.json') }, ['there is no access model at']],
  [
    'an access model that is no JSON',
    { ACCESS_MODEL: fileOf('half.json', '{"version": 1,') },
    ['half.json'],
  ],
  [
    'an access model with faults',
    { ACCESS_MODEL: fileOf('faulty.json', JSON.stringify(faulty)) },
    ['leadDays', 'accessPackages[0].key'],
  ],
  [
    'no list of exclusions',
    { EXCLUSIONS: join(folder, 'none.json') },
    ['there is no list of exclusions at'],
  ],
  [
    'a list of exclusions with faults',
    { EXCLUSIONS: fileOf('exclusions.json', '{"workers": [], "objectIds": ["admin"]}') },
    ['exclusions.json has faults', 'objectIds[0]', 'workers'],
  ],
  [
    'the sample model and the Graph of a cloud',
    { GRAPH_URL: undefined },
    ['accessPackages[0].resources[0].originId and', 'Set ACCESS_MODEL'],
  ],
  [
    'one application of the sample directory and a Graph of another machine',
    {
      GRAPH_URL: 'https://graph.example.com',
      ACCESS_MODEL: fileOf('one-left.json', ownGroups),
    },
    ['accessPackages[2].resources[2].originId must be the object id'],
  ],
  [
    'wrong settings and an access model with faults',
    {
      ...{ EVENT_SOURCES: 'workday', GRAPH_LAG: '-1', GRAPH_URL: 'http://graph.example.com' },
      ACCESS_MODEL: fileOf('also.json', JSON.stringify(faulty)),
    },
    ['EVENT_SOURCES', 'GRAPH_LAG', 'leadDays', 'accessPackages[0].key', 'https'],
  ],
])(
  'with %s the worker answers with the whole list, nothing takes messages, and the app is not alive',
  async (_, wrong, named) => {
    const app = await loadAsWorker({ ...right, ...wrong });
    const answer = metadataAnswer(app);
    expect(answer).toBeInstanceOf(Error);
    for (const name of named) expect((answer as Error).message).toContain(name);
    expect([...app.registrations.functions.keys()]).toEqual(['live', 'ready']);
    expect(await statusOf(app, 'live')).toBe('503');
    expect(await statusOf(app, 'ready')).toBe('503');
  },
);
