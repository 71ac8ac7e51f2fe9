import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { projectRoot } from '../../../infra/local/stack/service';

/* Every tool of development reads its command line in one way. Each runs as a process, from its source. */

/** Each npm script that starts a tool, with an option that it takes, as given once. */
const tools: Record<string, string[]> = {
  start: ['--data', 'elsewhere'],
  'start:func': ['--help'],
  demo: ['--json'],
  infra: ['--write'],
  bench: ['--joiners', '1'],
  'grant:graph': ['--identity', '40000000-0000-4000-8000-000000000001'],
  'smoke:tenant': ['--user', 'somebody'],
  sweep: ['--json'],
  chaos: ['--seed', '1'],
  differences: ['--seed', '1'],
  scale: ['--people', '10'],
  package: ['--json'],
  fuzz: ['--sample', '0'],
  'executed-files': ['--build', '.'],
};
/** This program is started by npm too and takes no arguments. */
const others = ['schemas'];
/** The services of the stack take environment variables only. */
const services = ['azurite', 'service-bus', 'graph', 'functions-host'];

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>;
};
const programOf = (script: string | undefined): string | undefined =>
  /node dist\/(\S+)\.js/.exec(script ?? '')?.[1];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-tools-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function runProgram(program: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const hook = resolve('test/support/run-source.cjs');
  const child = spawn(
    process.execPath,
    ['--require', hook, join(projectRoot(), `${program}.ts`), ...args],
    {
      // What a tool would start, write or call if it went on: nothing to find and nobody to reach.
      env: {
        ...{ PATH: folder, TMPDIR: folder, JOINERY_DATA_DIR: join(folder, 'data') },
        ...{ HOST_PORT: '0', SERVICE_BUS_PORT: '0', GRAPH_PORT: '0', AZURITE_BLOB_PORT: '0' },
        ...{ AZURITE_QUEUE_PORT: '0', AZURITE_TABLE_PORT: '0', GRAPH_URL: 'http://127.0.0.1:9' },
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  // A pipe ends with the last process that holds it, so a child that was left behind would be noticed.
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

const runTool = (script: string, args: string[], env?: NodeJS.ProcessEnv) =>
  runProgram(programOf(scripts[script]) ?? '', args, env);

/** One usage line, then one error as the last line, exit code 2; with `--json` the error as an object, else no output. */
function expectWrongUse(
  { code, stdout, stderr }: Awaited<ReturnType<typeof runProgram>>,
  error: RegExp,
  isJson = false,
): void {
  expect(stderr).toMatch(/^usage: .+\nerror: .+\n$/);
  expect(stderr).toMatch(error);
  expect(code).toBe(2);
  if (isJson) {
    const message = stderr.trimEnd().split('\nerror: ')[1];
    expect(JSON.parse(stdout)).toEqual({ error: { message, exitCode: 2 } });
  } else {
    expect(stdout).toBe('');
  }
  expect(existsSync(join(folder, 'data'))).toBe(false);
}

test('every npm script that starts a program is in the list', () => {
  const started = Object.keys(scripts).filter((name) => programOf(scripts[name]));
  expect(started.sort()).toEqual([...Object.keys(tools), ...others].sort());
});

describe.each(Object.entries(tools))('npm run %s', (script, once) => {
  const isJson = once.includes('--json');
  const name = once[0] ?? '';

  test('refuses an unknown option and starts nothing', async () => {
    const ended = await runTool(script, [...once, '--bogus']);
    expectWrongUse(ended, /error: Unknown option '--bogus'\n$/, isJson);
  });

  test('refuses an option that is given twice and starts nothing', async () => {
    const ended = await runTool(script, [...once, ...once]);
    expectWrongUse(ended, new RegExp(`error: option '${name}' is given twice\n$`), isJson);
  });

  test('refuses a stray argument and starts nothing', async () => {
    const ended = await runTool(script, [...once, 'stray']);
    expectWrongUse(ended, /error: Unexpected argument 'stray'/, isJson);
  });
});

test.each(services)('the service %s refuses every argument and does not start', async (service) => {
  const program = `infra/local/${service}/main`;
  expectWrongUse(await runProgram(program, ['--port', '7071']), /Unknown option '--port'/);
  expectWrongUse(await runProgram(program, ['7071']), /Unexpected argument '7071'/);
});

test.each([
  ['bench', ['--rounds', '2'], /--rounds needs --compare/],
  ['bench', ['--joiners', '1e2'], /--joiners takes a whole number from 1 to 100000, not "1e2"/],
  ['package', ['--runs', '2'], /--runs needs --bench/],
  ['sweep', ['--lanes', '9'], /--lanes takes a whole number from 1 to 8, not "9"/],
  ['sweep', ['--scenario', 'nonsense'], /no scenario has "nonsense" in its name/],
  ['chaos', ['--seconds', '0'], /--seconds takes a whole number from 1, not "0"/],
  ['chaos', ['--seed'], /Option '--seed <value>' argument missing/],
  ['fuzz', ['--seed', '-1'], /Option '--seed' argument is ambiguous/],
  ['start', ['--only', 'mail'], /--only takes one of .*, not "mail"/],
  ['executed-files', ['--build', 'nowhere'], /--build takes the folder of a built checkout/],
  [
    'smoke:tenant',
    ['--user', 'a', '--yes', '--tenant', 'b'],
    /--tenant has no effect: Graph at http/,
  ],
  ['smoke:tenant', ['--user', 'a', '--yes', '--sign-in', 'azure'], /--sign-in has no effect/],
])('npm run %s %j is wrong use', async (script, args, error) => {
  expectWrongUse(await runTool(script, args), error);
});

test('wrong use of JSON output is reported as JSON', async () => {
  expectWrongUse(await runTool('fuzz', ['--json', '--sample=many']), /not "many"/, true);
});

test('a tool that could not do its work exits with 1, not with the code of wrong use', async () => {
  // The Bicep CLI may have been restored here before.
  const { code, stderr } = await runTool('infra', [], { HOME: folder });
  expect(code).toBe(stderr.includes('no Bicep CLI found') ? 1 : 0);
  const func = await runTool('start:func', []);
  expect(func).toMatchObject({ code: 1, stdout: '' });
});

test('help is printed to standard output, with exit code 0', async () => {
  const { code, stdout, stderr } = await runTool('sweep', ['-h']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('usage: npm run sweep');
});
