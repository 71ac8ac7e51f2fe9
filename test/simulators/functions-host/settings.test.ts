import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { entryPoints } from '../../../infra/local/functions-host/app/load-app';
import {
  formatTimeSpan,
  parseTimeSpan,
  readHostJson,
} from '../../../infra/local/functions-host/host-json';
import { applyLocalSettings, expandSettings } from '../../../infra/local/functions-host/settings';

describe('the settings of an app', () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'joinery-host-app-'))));
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const write = async (file: string, content: unknown): Promise<void> => {
    await mkdir(join(dir, file, '..'), { recursive: true });
    await writeFile(join(dir, file), JSON.stringify(content));
  };

  it('come from local.settings.json, but what the shell has set wins', async () => {
    await write('local.settings.json', { Values: { A: 'file', B: 'file' } });
    const environment: NodeJS.ProcessEnv = { B: 'shell' };
    applyLocalSettings(dir, environment);
    expect(environment).toMatchObject({ A: 'file', B: 'shell', FUNCTIONS_WORKER_RUNTIME: 'node' });
    expect(expandSettings('x-%A%-%B%', environment)).toBe('x-file-shell');
    expect(() => expandSettings('%MISSING%', environment)).toThrow(
      'the app setting in "%MISSING%" is not set',
    );
  });

  it('in host.json have defaults, are checked, and are named when they have no effect', async () => {
    const warnings: string[] = [];
    const read = () => readHostJson(dir, (warning) => warnings.push(warning));
    expect(read().serviceBus).toEqual({
      ...{ autoCompleteMessages: true, maxConcurrentCalls: 16 },
      maxAutoLockRenewalDuration: 300_000,
    });
    await write('host.json', {
      version: '2.0',
      extensions: { serviceBus: { prefetchCount: 0, maxConcurrentSessions: 2 } },
      healthMonitor: {},
    });
    read();
    expect(warnings).toEqual([
      'host.json: healthMonitor has no effect on the local host',
      'host.json: extensions.serviceBus.maxConcurrentSessions has no effect on the local host',
    ]);
    await write('host.json', {
      extensions: { serviceBus: { maxAutoLockRenewalDuration: '5 min' } },
    });
    expect(read).toThrow('maxAutoLockRenewalDuration must be a time such as "00:05:00"');
  });

  it.each([
    ['dist/main.js', ['dist/main.js']],
    ['./dist/{main,more/*}.js', ['dist/main.js', 'dist/more/a.js', 'dist/more/b.js']],
    ['dist/**/*.js', ['dist/main.js', 'dist/more/a.js', 'dist/more/b.js', 'dist/more/deep/c.js']],
  ])('name the entry points %s', async (main, files) => {
    await write('package.json', { main });
    for (const file of ['main', 'more/b', 'more/a', 'more/deep/c'])
      await write(`dist/${file}.js`, '');
    expect(entryPoints(dir).files.map((file) => relative(dir, file))).toEqual(files);
  });

  it('without an entry point that exists say what to do', async () => {
    await write('package.json', { main: 'dist/main.js' });
    expect(() => entryPoints(dir)).toThrow(
      '"dist/main.js", but there is no such file; build the app',
    );
  });
});

describe('a time span', () => {
  it.each([
    ['00:05:00', 300_000],
    ['3.00:00:00', 259_200_000],
    ['00:00:01.5000000', 1_500],
  ])('%s is %i ms, there and back', (text, milliseconds) => {
    expect(parseTimeSpan(text)).toBe(milliseconds);
    expect(parseTimeSpan(formatTimeSpan(milliseconds))).toBe(milliseconds);
  });

  it('is nothing else', () => {
    expect(parseTimeSpan('5 minutes')).toBeUndefined();
  });
});
