import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { demoStart, scenariosFor, messagesOf } from '../../infra/local/demo/scenarios';
import { eventually } from '../support/eventually';
import { readTable } from '../support/tables';
import { startStack } from '../support/test-stack';

const program = resolve('dist/infra/package/main.js');
type Packed = { zip: string; bytes: number; sha256: string };

let temporary: string;
let packed: Packed;
let files: Record<string, Uint8Array>;
/** The unpacked zip, as in Azure: in a folder without node_modules above it. */
let appDir: string;

async function pack(
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
  ...more: string[]
): Promise<Packed> {
  const args = [program, '--json', '--out', folder, ...more];
  const { stdout } = await promisify(execFile)('node', args, { env, cwd: temporary });
  return JSON.parse(stdout) as Packed;
}

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'joinery-package-'));
  packed = await pack(join(temporary, 'out'), process.env, '--sample');
  files = unzipSync(await readFile(packed.zip));
  appDir = join(temporary, 'wwwroot');
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(appDir, path)), { recursive: true });
    await writeFile(join(appDir, path), bytes);
  }
});
afterAll(() => rm(temporary, { recursive: true }));

const text = (path: string): string => Buffer.from(files[path] ?? []).toString();

test('the package holds these files, in this order, and is small', async () => {
  expect(Object.keys(files)).toEqual([
    'LICENSE',
    'access-model.json',
    'dist/functions/app.js',
    'dist/functions/app.js.map',
    'dist/functions/main.js',
    'host.json',
    'package.json',
  ]);
  expect((await stat(packed.zip)).size).toBeLessThan(15_000_000);
  for (const file of ['host.json', 'access-model.json'])
    expect(text(file)).toBe(await readFile(file, 'utf8'));
});

test('its package.json has what a host reads, and no dependencies', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(JSON.parse(text('package.json'))).toEqual({
    name: 'joinery',
    version,
    license: 'MIT',
    main: 'dist/functions/main.js',
    engines: { node: '>=20.19' },
    private: true,
  });
});

test('it requires only modules of Node and of the host', () => {
  const required = new Set(
    [...text('dist/functions/app.js').matchAll(/\brequire\("([^".][^"]*)"\)/g)].map(([, id]) => id),
  );
  const outside = [...required].filter(
    (id) => !builtinModules.includes((id ?? '').replace(/^node:/, '')),
  );
  expect(outside.sort()).toEqual(['@azure/functions-core', 'supports-color']);
});

test('the source map has paths in the project, and no source text or local path', () => {
  const map = JSON.parse(text('dist/functions/app.js.map')) as { sources: string[] };
  expect(map).not.toHaveProperty('sourcesContent');
  expect(map.sources).toContain('../../functions/intake.ts');
  expect(map.sources.filter((source) => !/^(\.\.\/\.\.\/|webpack:)/.test(source))).toEqual([]);
  const everything = Object.keys(files).map(text).join('\n');
  expect(everything).not.toContain(resolve('.'));
});

test('the same sources give the same bytes at another time, in another time zone and folder', async () => {
  const env = { ...process.env, TZ: 'Pacific/Auckland' };
  const again = await pack(join(temporary, 'again'), env, '--sample');
  expect(again.sha256).toBe(packed.sha256);
});

test('the sample model is not packed, and the error says what to change', async () => {
  const folder = join(temporary, 'refused');
  await expect(pack(folder)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^not packed: access-model\.json: .*resources\[0\]\.originId and \d+ more.* Set ACCESS_MODEL/s,
    ) as string,
  });
  await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('where the app reads its model from a blob, the package has none', async () => {
  const env = { ...process.env, JOINERY_ACCESS_MODEL_BLOB: 'rules.json' };
  const { zip } = await pack(join(temporary, 'blob'), env);
  const names = Object.keys(unzipSync(await readFile(zip)));
  expect(names).toContain('host.json');
  expect(names).not.toContain('access-model.json');
});

test('an app that cannot start prints a stack with TypeScript lines', async () => {
  const loader = resolve('dist/infra/package/load-once.js');
  const env = { PATH: process.env['PATH'] };
  const failed = promisify(execFile)('node', [loader, appDir], { env });
  await expect(failed).rejects.toMatchObject({
    stderr: expect.stringMatching(/shared\/config\/load-model\.ts:\d+/) as string,
  });
});

test('the first joiner of the demo gets access from the unpacked package', async () => {
  const manifest = { ...(JSON.parse(text('package.json')) as object), version: '9.9.9-unpacked' };
  await writeFile(join(appDir, 'package.json'), JSON.stringify(manifest));
  const env = { FUNCTIONS_APP_DIR: appDir, ACCESS_MODEL: 'access-model.json' };
  const stack = await startStack({ env, now: demoStart });
  try {
    const [first] = scenariosFor(undefined);
    if (!first) throw new Error('the demo has no scenarios');
    const { first: body, eventHash } = messagesOf(first);
    await stack.send([body]);

    const filter = `PartitionKey eq '${eventHash}' and kind eq 'closing'`;
    const closing = await eventually('the event is closed', async () => {
      const [row] = await readTable(stack.storage, 'audit', filter);
      return row;
    });
    expect(closing).toMatchObject({ outcome: first.expected, appVersion: '9.9.9-unpacked' });
  } finally {
    await stack.stop();
  }
});
