import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compareVersions } from '../../../infra/local/functions-host/durable/engine/new-instance';
import { eventually } from '../../support/eventually';
import {
  durableCalls,
  type HostProcess,
  hostThatFails,
  newDataDir,
  startHostProcess,
} from './setup';

let dataDir: string;
let host: HostProcess | undefined;
let calls: ReturnType<typeof durableCalls>;

beforeEach(async () => {
  dataDir = await newDataDir();
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
  await rm(dataDir, { recursive: true, force: true });
});

/** The fixture app as another release of it: the same code under other settings of the durable extension. */
async function release(durableTask: object): Promise<string> {
  const appDir = join(dataDir, 'app');
  await rm(appDir, { recursive: true, force: true });
  await cp(join(__dirname, 'fixture-app'), appDir, { recursive: true });
  await symlink(resolve('node_modules'), join(appDir, 'node_modules'), 'dir');
  const file = join(appDir, 'host.json');
  const settings = JSON.parse(await readFile(file, 'utf8')) as {
    extensions: { durableTask: object };
  };
  Object.assign(settings.extensions.durableTask, durableTask);
  await writeFile(file, JSON.stringify(settings));
  return appDir;
}

/** Ends the release that runs and starts another on its data. */
async function deploy(durableTask: object): Promise<void> {
  await host?.stop();
  host = await startHostProcess(dataDir, { FUNCTIONS_APP_DIR: await release(durableTask) });
  calls = durableCalls(host.url);
}

const go = (id: string) => calls.client('raiseEvent', id, 'go', {});

it('keeps a run under the version it was begun under, while new ones begin under the new', async () => {
  await deploy({ defaultVersion: '1' });
  await calls.start('versioned', 'old');
  await deploy({ defaultVersion: '2.0' });
  await calls.start('versioned', 'new');
  await Promise.all([go('old'), go('new')]);
  expect((await calls.ended('old')).output).toEqual({ version: '1' });
  expect((await calls.ended('new')).output).toEqual({ version: '2.0' });
});

it('leaves the run of a newer version alone after a step back, until that version is there again', async () => {
  await deploy({ defaultVersion: '2.0' });
  await calls.start('versioned', 'newer');
  await deploy({ defaultVersion: '1' });
  await go('newer');
  await eventually('the host says that it waits', () =>
    host?.output().includes('newer waits: it is of version 2.0, this app of 1') ? true : undefined,
  );
  await calls.start('versioned', 'mine');
  await go('mine');
  expect((await calls.ended('mine')).output).toEqual({ version: '1' });
  expect((await calls.status('newer')).runtimeStatus).toMatch(/Pending|Running/);
  await deploy({ defaultVersion: '2.0' });
  expect((await calls.ended('newer')).output).toEqual({ version: '2.0' });
});

it('runs what is newer with the strategy None, and not even what is older with Strict', async () => {
  await deploy({ defaultVersion: '2.0' });
  await calls.start('versioned', 'a');
  await deploy({ defaultVersion: '1', versionMatchStrategy: 'None' });
  await go('a');
  expect((await calls.ended('a')).output).toEqual({ version: '2.0' });
  await calls.start('versioned', 'b');
  await deploy({ defaultVersion: '2.0', versionMatchStrategy: 'Strict' });
  await go('b');
  await eventually('the host says that it waits', () =>
    host?.output().includes('b waits: it is of version 1, this app of 2.0') ? true : undefined,
  );
});

it.each([
  [{ versionFailureStrategy: 'Fail' }, 'versionFailureStrategy can only be "Reject"'],
  [{ versionMatchStrategy: 'Newest' }, 'None, Strict or CurrentOrOlder, but is "Newest"'],
])('refuses what it does not do: %o', async (durableTask, message) => {
  const { code, output } = await hostThatFails(dataDir, {
    FUNCTIONS_APP_DIR: await release(durableTask),
  });
  expect(code).toBe(1);
  expect(output).toContain(message);
});

it.each([
  ['1.0', '1.0', 0],
  ['2.0', '10.0', -1],
  ['1.1.0', '1.1', 1],
  ['1', '2.0', -1],
  ['10', '9', -1],
  ['', '1.0', -1],
  ['1.0', '', 1],
  ['', '', 0],
  ['beta', 'BETA', 0],
])('compares "%s" with "%s" as DurableTask does', (a, b, expected) => {
  expect(Math.sign(compareVersions(a, b))).toBe(expected);
});
