import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** A folder with the rules of the project and nothing else but what a test plants. */
let house: string;
beforeAll(async () => {
  house = await mkdtemp(join(tmpdir(), 'joinery-house-'));
  for (const file of [
    'package.json',
    'tsconfig.json',
    'eslint.config.mjs',
    '.dependency-cruiser.cjs',
  ]) {
    await cp(resolve(file), join(house, file));
  }
  await symlink(resolve('node_modules'), join(house, 'node_modules'), 'dir');
});
afterAll(() => rm(house, { recursive: true }));

async function plant(file: string, text: string): Promise<void> {
  const path = join(house, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Runs a tool of the toolchain in the folder, as `npm run` would, and answers what it prints. */
function run(tool: string, args: string[]): Promise<string> {
  const program = resolve('node_modules', '.bin', tool);
  return new Promise((done) => {
    execFile(program, args, { cwd: house }, (_, stdout, stderr) => done(stdout + stderr));
  });
}

const generator = (body: string): string =>
  `import type { OrchestrationContext, Task } from 'durable-functions';
export function* planted(context: OrchestrationContext): Generator<Task, string, unknown> {
  yield context.df.callActivity('a');
  ${body}
}
`;

const lintViolations: [name: string, rule: string, text: string][] = [
  ['the wall clock', 'no-restricted-properties', generator('return String(Date.now());')],
  ['a new Date', 'no-restricted-syntax', generator('return new Date().toISOString();')],
  ['randomness', 'no-restricted-properties', generator('return String(Math.random());')],
  ['a setting', 'no-restricted-globals', generator("return process.env['A'] ?? '';")],
  ['a call to the network', 'no-restricted-globals', generator("void fetch('x'); return '';")],
  [
    'a yield behind isReplaying',
    'no-restricted-syntax',
    generator("if (!context.df.isReplaying) yield context.df.callActivity('b');\n  return '';"),
  ],
  [
    'a retry of the library, whose time limit ends a run in silence',
    'no-restricted-properties',
    generator("yield context.df.callActivityWithRetry('b', new RetryOptions(1, 2));\n  return '';"),
  ],
  [
    'an external event',
    'no-restricted-properties',
    generator("yield context.df.waitForExternalEvent('b');\n  return '';"),
  ],
  [
    'a Node module',
    'no-restricted-imports',
    `import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();\n`,
  ],
];

/** A function that raises an event: no run may wait for one. */
const WAKING = `import type { DurableClient } from 'durable-functions';
export const wake = (client: DurableClient): Promise<void> => client.raiseEvent('id', 'name', {});
`;

test('the determinism lint catches each planted violation, and nothing in a valid orchestration', async () => {
  await plant('orchestrations/valid.ts', generator("return 'done';"));
  await plant('functions/waking.ts', WAKING);
  for (const [index, [, , text]] of lintViolations.entries()) {
    await plant(`orchestrations/planted-${index}.ts`, text);
  }
  type Result = { filePath: string; messages: { ruleId: string | null }[] };
  const results = JSON.parse(await run('eslint', ['--format', 'json', '.'])) as Result[];
  const rulesIn = (file: string) =>
    results.find(({ filePath }) => filePath.endsWith(file))?.messages.map(({ ruleId }) => ruleId);
  expect(rulesIn('valid.ts')).toEqual([]);
  expect(rulesIn('waking.ts')).toContain('no-restricted-properties');
  for (const [index, [name, rule]] of lintViolations.entries()) {
    expect({ name, rules: rulesIn(`planted-${index}.ts`) }).toEqual({
      name,
      rules: expect.arrayContaining([rule]) as unknown,
    });
  }
});

const importViolations: [rule: string, from: string, to: string][] = [
  ['orchestrations-decide-only', 'orchestrations/reaching', 'shared/storage/thing'],
  ['domain-is-pure', 'shared/domain/reaching', 'shared/storage/thing'],
  ['adapters-stand-alone', 'shared/graph/reaching', 'shared/storage/thing'],
  ['adapters-stand-alone', 'shared/storage/reaching', 'shared/graph/thing'],
  ['adapters-stand-alone', 'shared/storage/hurrying', 'shared/packages/thing'],
  ['config-knows-no-use-case', 'shared/config/reaching', 'shared/events/thing'],
  ['use-cases-stand-on-adapters', 'shared/packages/reaching', 'functions/thing'],
  ['use-cases-stand-on-adapters', 'shared/reports/reaching', 'cli/thing'],
  ['use-cases-stand-on-adapters', 'shared/events/reaching', 'orchestrations/thing'],
  ['product-never-imports-tools', 'functions/reaching', 'infra/local/thing'],
  ['stand-ins-share-no-code-with-the-product', 'infra/local/graph/reaching', 'shared/domain/thing'],
  [
    'stand-ins-share-no-code-with-the-product',
    'infra/local/service-bus/reaching',
    'shared/domain/thing',
  ],
  ['host-loads-the-built-app', 'infra/local/functions-host/reaching', 'functions/thing'],
  ['cli-uses-shared', 'cli/reaching', 'functions/thing'],
];

/** Cruises the copy with the real rules. Warnings are in the answer, too. */
async function violationsOf(...folders: string[]): Promise<unknown[]> {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  type Cruise = { summary: { violations: unknown[] } };
  return (JSON.parse(await run('depcruise', args)) as Cruise).summary.violations;
}

const violation = (rule: string, from: string): unknown =>
  expect.objectContaining({ from, rule: expect.objectContaining({ name: rule }) as unknown });

test('the import rules catch each planted violation', async () => {
  for (const [, from, to] of importViolations) {
    const up = '../'.repeat(from.split('/').length - 1);
    await plant(`${to}.ts`, 'export const thing = 1;\n');
    await plant(`${from}.ts`, `export { thing } from '${up}${to}';\n`);
  }
  const found = await violationsOf('functions', 'orchestrations', 'shared', 'cli', 'infra');
  for (const [rule, from] of importViolations) {
    expect(found).toContainEqual(violation(rule, `${from}.ts`));
  }
});

test('the import rules catch a circle of files through types, and a circle of folders', async () => {
  await plant(
    'cli/circles/files/a.ts',
    "import type { B } from './b';\nexport type A = { b?: B };\n",
  );
  await plant(
    'cli/circles/files/b.ts',
    "import type { A } from './a';\nexport type B = { a?: A };\n",
  );
  await plant('cli/circles/upper/a.ts', "export { b } from '../lower/b';\n");
  await plant('cli/circles/lower/b.ts', 'export const b = 1;\n');
  await plant('cli/circles/lower/c.ts', "export { d } from '../upper/d';\n");
  await plant('cli/circles/upper/d.ts', 'export const d = 1;\n');
  await plant('cli/straight/upper/a.ts', "export { b } from '../lower/b';\n");
  await plant('cli/straight/lower/b.ts', 'export const b = 1;\n');
  const found = await violationsOf('cli/circles', 'cli/straight');
  expect(found).toContainEqual(violation('no-circular', 'cli/circles/files/a.ts'));
  for (const folder of ['upper', 'lower'])
    expect(found).toContainEqual(violation('no-circular-folders', `cli/circles/${folder}`));
  expect(found).toHaveLength(3);
});
