import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type Step = { uses?: string; run?: string; with?: Record<string, unknown> };
type Job = {
  'timeout-minutes'?: number;
  environment?: string;
  permissions?: Record<string, string>;
  strategy?: { matrix: { node: string[] } };
  steps: Step[];
};
type Workflow = {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
};

const folder = join('.github', 'workflows');
const files = readdirSync(folder);
const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
const workflows = files.map((file) => [file, parse(text(file)) as Workflow] as const);
const jobs = workflows.flatMap(([file, { jobs: all }]) =>
  Object.entries(all).map(([name, job]) => [`${file}: ${name}`, job] as const),
);
const steps = jobs.flatMap(([name, job]) => job.steps.map((step) => [name, step] as const));

test('every action is pinned to a commit, with its tag beside it and in docs/releasing.md', () => {
  const releasing = readFileSync('docs/releasing.md', 'utf8');
  for (const file of files) {
    const uses = text(file)
      .split('\n')
      .filter((line) => /\buses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) {
      const pin = /uses: ([\w-]+\/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/.exec(line);
      expect(pin ?? line).not.toBe(line);
      const [, action = '', commit = '', tag = ''] = pin ?? [];
      expect(releasing).toMatch(new RegExp(`\`${action}\` +\\| ${tag} +\\| \`${commit}\``));
    }
  }
});

test('a workflow may only read the code, and only a job with approvals may request a token', () => {
  for (const [file, { permissions }] of workflows)
    expect({ file, permissions }).toEqual({ file, permissions: { contents: 'read' } });
  for (const [name, { permissions, environment }] of jobs) {
    const token = environment === undefined ? undefined : { 'id-token': 'write' };
    expect({ name, permissions }).toEqual({ name, permissions: token });
  }
});

test('every job has a time limit, leaves no credential in the work tree and holds no secret', () => {
  for (const [name, job] of jobs) {
    expect({ name, minutes: job['timeout-minutes'] ?? Infinity }).toEqual({
      name,
      minutes: expect.any(Number) as number,
    });
    expect(job['timeout-minutes']).toBeLessThanOrEqual(30);
  }
  for (const [name, step] of steps) {
    if (!step.uses?.startsWith('actions/checkout@')) continue;
    expect({ name, ...step.with }).toMatchObject({ 'persist-credentials': false });
  }
  for (const file of files) expect(text(file)).not.toMatch(/secrets\.|pull_request_target/);
});

test('no command contains an input of a person', () => {
  for (const [name, { run }] of steps)
    expect({ name, run: run ?? '' }).toEqual({
      name,
      run: expect.not.stringContaining('${{') as string,
    });
});

test('every npm script that a workflow runs exists', () => {
  const manifest = readFileSync('package.json', 'utf8');
  const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
  const run = steps.flatMap(([, step]) =>
    [...(step.run ?? '').matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, script = '']) => script),
  );
  expect(run).toContain('verify');
  expect(run.filter((script) => !(script in scripts))).toEqual([]);
});

test('the tests run on the oldest supported Node and on the versions that Azure offers', () => {
  const nodes = jobs.flatMap(([, { strategy }]) => strategy?.matrix.node ?? []);
  expect(nodes).toEqual(['20', '22', '24']);
});
