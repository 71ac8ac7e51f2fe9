import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../../infra/local/stack/service';

/* How the command line starts: npm scripts build what is stale and nothing else, and npx runs what is built. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-start-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
};
const outputOf = (name: string): Promise<string> =>
  readFile(join(folder, 'dist/cli', `${name}.js`), 'utf8');

describe('the build script', () => {
  /** A project of two sources, with the compiler of this one, which notes each of its calls. */
  beforeEach(async () => {
    const compiler = join(projectRoot(), 'node_modules/typescript');
    await write(
      'node_modules/typescript/bin/tsc',
      `require('node:fs').appendFileSync(${JSON.stringify(join(folder, 'calls'))}, '.');
       require(${JSON.stringify(join(compiler, 'bin/tsc'))});`,
    );
    await write('package.json', '{}');
    const options = {
      target: 'es2023',
      module: 'node20',
      rootDir: '.',
      outDir: 'dist',
      types: [],
      lib: ['es5'],
      skipLibCheck: true,
    };
    await write('tsconfig.json', JSON.stringify({ compilerOptions: options }));
    await write(
      'tsconfig.build.json',
      JSON.stringify({
        extends: './tsconfig.json',
        compilerOptions: { incremental: true, tsBuildInfoFile: 'dist/.tsbuildinfo' },
        include: ['cli'],
      }),
    );
    await write('cli/main.ts', `import { name } from './name';\nexport const text = name;\n`);
    await write('cli/name.ts', `export const name = 'first';\n`);
    await cp(
      join(projectRoot(), 'infra/package/build.cjs'),
      join(folder, 'infra/package/build.cjs'),
    );
  });

  /** Runs it without a terminal; answers its exit code, what it said, and whether the compiler ran. */
  const runBefore = (npmScript: string) => {
    const env = { ...process.env, npm_lifecycle_event: `pre${npmScript}` };
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(folder, 'infra/package/build.cjs')],
      { env },
    );
    return { status, stdout: stdout.toString(), stderr: stderr.toString() };
  };
  async function build() {
    await rm(join(folder, 'calls'), { force: true });
    const { status, stdout } = runBefore('joinery');
    expect(stdout).toBe('');
    const ran = existsSync(join(folder, 'calls'));
    return { status, ran };
  }
  const BUILT = { status: 0, ran: true };
  const FRESH = { status: 0, ran: false };

  test('builds once, and again only after a source, a tsconfig or package.json has changed', async () => {
    expect(await build()).toEqual(BUILT);
    expect(await build()).toEqual(FRESH);
    await write('cli/name.ts', `export const name = 'second';\n`);
    expect(await build()).toEqual(BUILT);
    expect(await outputOf('name')).toContain('second');
    expect(await build()).toEqual(FRESH);
    for (const path of ['tsconfig.json', 'tsconfig.build.json', 'package.json']) {
      const later = new Date(Date.now() + 1000);
      await utimes(join(folder, path), later, later);
      expect(await build()).toEqual(BUILT);
      const before = new Date(Date.now() - 60_000);
      await utimes(join(folder, path), before, before);
      expect(await build()).toEqual(FRESH);
    }
  });

  test('says that it builds where a start waits for it, and puts nothing between the lines of a command', async () => {
    expect(runBefore('start').stderr).toBe('Building tsconfig.build.json…\n');
    expect(runBefore('start').stderr).toBe('');
    await write('cli/name.ts', `export const name = 'second';\n`);
    expect(runBefore('joinery').stderr).toBe('');
  });

  test('builds after a source was deleted, and removes its output', async () => {
    await build();
    await write('cli/main.ts', `export const text = 'alone';\n`);
    expect(await build()).toEqual(BUILT);
    await rm(join(folder, 'cli/name.ts'));
    expect(await build()).toEqual(BUILT);
    await expect(outputOf('name')).rejects.toThrow('ENOENT');
    expect(await build()).toEqual(FRESH);
  });

  test('fails as long as a deleted source is still imported', async () => {
    await build();
    await rm(join(folder, 'cli/name.ts'));
    expect(await build()).toEqual({ status: 2, ran: true });
    expect(await build()).toEqual({ status: 2, ran: true });
    await write('cli/name.ts', `export const name = 'back';\n`);
    expect(await build()).toEqual(BUILT);
    expect(await build()).toEqual(FRESH);
  });

  test('builds a moved source that is older than the last build, and an output that was deleted', async () => {
    await build();
    await write('cli/older.ts', `export const older = true;\n`);
    const before = new Date(Date.now() - 60_000);
    await utimes(join(folder, 'cli/older.ts'), before, before);
    expect(await build()).toEqual(BUILT);
    expect(await outputOf('older')).toContain('older');
    await rm(join(folder, 'dist/cli/name.js'));
    expect(await build()).toEqual(BUILT);
    expect(await outputOf('name')).toContain('first');
    await rm(join(folder, 'dist/cli/name.js'));
    await write('cli/name.ts', `export const name = 'first';\n`);
    expect(await build()).toEqual(BUILT);
    expect(await outputOf('name')).toContain('first');
    expect(await build()).toEqual(FRESH);
  });

  test('builds again after a build that was killed, also where only a source was deleted', async () => {
    await build();
    await rm(join(folder, 'cli/name.ts'));
    const compiler = join(folder, 'node_modules/typescript/bin/tsc');
    const works = await readFile(compiler, 'utf8');
    await writeFile(compiler, `process.kill(process.ppid, 'SIGKILL');`);
    expect(await build()).toMatchObject({ status: null });
    await writeFile(compiler, works);
    expect(await build()).toEqual({ status: 2, ran: true });
  });

  test('does not build the app after a change of a test', async () => {
    await write(
      'tsconfig.json',
      JSON.stringify({
        ...(JSON.parse(await readFile(join(folder, 'tsconfig.json'), 'utf8')) as object),
        include: ['cli', 'test'],
      }),
    );
    await build();
    await write('test/support/helper.ts', 'export const helper = 1;\n');
    expect(await build()).toEqual(FRESH);
  });
});

describe('the command', () => {
  /** Milliseconds of CPU that the program and those it starts take, and until its end. */
  const measure = (program: string[]) => {
    const since = performance.now();
    const script = '"$@" > /dev/null && times';
    const { status, stdout } = spawnSync('sh', ['-c', script, 'sh', process.execPath, ...program], {
      ...{ cwd: projectRoot(), encoding: 'utf8' },
    });
    expect(status).toBe(0);
    const ofChildren = stdout.trim().split('\n').at(-1) ?? '';
    const times = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)];
    const seconds = times.map(([, minutes, rest]) => 60 * Number(minutes) + Number(rest));
    const cpuMs = 1000 * seconds.reduce((sum, one) => sum + one, 0);
    return { cpuMs, elapsedMs: performance.now() - since };
  };

  test('starts within a second of CPU more than Node itself where nothing has changed, and waits for nothing', () => {
    const programs = [['-e', '0'], ['infra/package/build.cjs'], ['cli/joinery.cjs', '--help']];
    const rounds = Array.from({ length: 4 }, () => programs.map(measure));
    const fastest = (of: keyof ReturnType<typeof measure>) =>
      programs.map((_, at) => Math.min(...rounds.map((round) => round[at]?.[of] ?? NaN)));
    const [node = NaN, check = NaN, help = NaN] = fastest('cpuMs');
    expect(check + help - 2 * node).toBeLessThan(1000);
    // In starts of Node, which are as slow as the machine is busy: a second is about twenty of them.
    const [oneStart = NaN, ...both] = fastest('elapsedMs');
    expect(both.reduce((sum, one) => sum + one / oneStart, 0)).toBeLessThan(20);
  });

  test('npx joinery runs in a built checkout', async () => {
    const run = promisify(execFile)('npx', ['--no', '--', 'joinery', '--help'], {
      cwd: projectRoot(),
    });
    expect((await run).stdout).toContain('Usage: joinery');
  });

  test('where nothing is built, it says what to do', async () => {
    await mkdir(join(folder, 'cli'));
    await cp(join(projectRoot(), 'cli/joinery.cjs'), join(folder, 'cli/joinery.cjs'));
    await symlink(join(projectRoot(), 'node_modules'), join(folder, 'node_modules'));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/joinery.cjs', 'status'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('npm ci && npm run build');
  });
});
