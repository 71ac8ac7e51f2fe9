import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStartup } from '../../../shared/config/load-model';
import { checkRoot } from '../../../shared/graph/graph-root';
import { aModel, aPackage } from '../access-model/make-model';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-startup-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LOCAL = 'http://127.0.0.1:4000';
const settings = {
  PROVISIONING_QUEUE: 'provisioning-events',
  EVENT_SOURCES: 'urn:hr:acme:workday',
  RECORDS_STORAGE: 'UseDevelopmentStorage=true',
  AUDIT_STORAGE: 'UseDevelopmentStorage=true',
  ACCESS_MODEL: 'model.json',
  GRAPH_URL: LOCAL,
};

const write = (model: object): Promise<void> =>
  writeFile(join(folder, 'model.json'), JSON.stringify(model));

/** What the app does as it starts. */
const start = (env: NodeJS.ProcessEnv) => readStartup(env, folder, (url) => checkRoot(url, true));

const own = {
  originSystem: 'AadGroup',
  originId: 'aaaaaaaa-0000-4000-8000-000000000001',
  role: 'Member',
};

test('a relative path of the model begins at the folder of the app', async () => {
  await write(aModel());
  const { config, model } = start(settings);
  expect(config.accessModel).toBe('model.json');
  expect(model?.model.accessPackages.map(({ key }) => key)).toEqual(['finance']);
});

test('a model in a blob is left for later, because reading it takes a token', () => {
  const ACCESS_MODEL = 'https://acme.blob.core.windows.net/models/model.json';
  expect(start({ ...settings, ACCESS_MODEL }).model).toBeUndefined();
});

test('wrong settings, a faulty model and a Graph that may get no token are one error', async () => {
  await write(aModel({ leadDays: -1, catalogs: [] }));
  const wrong = { ...settings, GRAPH_URL: 'http://graph.example.com', EVENT_SOURCES: '' };
  const failure = () => start({ ...wrong, GRAPH_LAG: 'soon' });
  expect(failure).toThrow(/EVENT_SOURCES[^]*GRAPH_LAG/);
  expect(failure).toThrow(/model\.json has faults:\n[^]*leadDays/);
  expect(failure).toThrow(/https/);
});

test('a missing model is an error although every setting is right, and names where it was expected', () => {
  expect(() => start(settings)).toThrow(
    `there is no access model at ${join(folder, 'model.json')}`,
  );
});

test.each([
  ['the Graph of the cloud', undefined],
  ['another Graph', 'https://gateway.example.com'],
])(
  'a model of the sample directory is refused at %s, and one with own ids is not',
  async (_, url) => {
    const env = { ...settings, GRAPH_URL: url };
    await write(aModel());
    expect(() => start(env)).toThrow(/resources\[0\]\.originId must be the object id/);
    await write(aModel({ accessPackages: [aPackage('finance', { resources: [own] })] }));
    expect(start(env).model).toBeDefined();
  },
);
