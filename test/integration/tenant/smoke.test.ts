import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../../infra/local/stack/service';
import { findRuns } from '../../../infra/smoke/clean-up';
import type { Patience } from '../../../infra/smoke/patience';
import type { SmokeGraph } from '../../../infra/smoke/smoke-graph';
import { type Ran, smokeRun } from '../../../infra/smoke/smoke-run';
import { createTenantGraph } from '../../../infra/tenant/tenant-graph';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { createCompletePackage } from '../../simulators/graph/packages';
import { type Simulator, startSimulator, until, userId } from '../../simulators/graph/simulator';
import { startMortalGraph } from './mortal-graph';

/* The smoke run of a tenant, against the simulator: passes, leaves nothing, and makes up for runs that were killed. */

const quick: Patience = { deadlineMs: 10_000, visibleMs: 3_000, everyMs: 5 };
const user = userId(1001);

let simulator: Simulator;
afterEach(() => simulator.stop());

const graphAt = (root: string, dialect: 'v1.0' | 'beta' = 'v1.0'): SmokeGraph => ({
  tenant: createTenantGraph({ root }),
  product: createEntitlements({ root, dialect, deadlineMs: 5_000, appVersion: 'test' }),
});

const run = async (graph: SmokeGraph, name: string, patience = quick): Promise<Ran> =>
  smokeRun(
    graph,
    { run: `joinery-smoke-${name}`, userId: user, leftovers: await findRuns(graph) },
    patience,
    () => undefined,
  );

/** What a run makes; people and the five groups of the tenant file stay. */
async function left(): Promise<Record<string, number>> {
  const { body } = await simulator.call('GET', '/_control/state');
  const count = (table: string): number => (body[table] as unknown[]).length;
  const made = ['catalogs', 'resources', 'accessPackages', 'policies', 'requests', 'grants'];
  const found = made.map((table) => [table, count(table)] as const);
  return Object.fromEntries([...found, ['groups', count('groups') - 5] as const]);
}
const nothing = {
  catalogs: 0,
  resources: 0,
  accessPackages: 0,
  policies: 0,
  requests: 0,
  grants: 0,
  groups: 0,
};

test.each(['v1.0', 'beta'] as const)(
  'By %s every step passes, and nothing is left, however far replicas are behind',
  async (dialect) => {
    simulator = await startSimulator({ lagMs: 100, policyMs: 5 });
    const ran = await run(graphAt(simulator.url, dialect), '00000001');
    expect(ran.steps.filter(({ failed }) => failed !== undefined)).toEqual([]);
    expect([ran.passed, ran.leftBehind, ran.steps.length]).toEqual([true, [], 8]);
    expect(await left()).toEqual(nothing);
  },
);

test('What somebody else made stays, whatever it is called', async () => {
  simulator = await startSimulator();
  await createCompletePackage(simulator, { name: 'joinery-smoke-00000002' });
  await simulator.call('POST', 'EM/catalogs', { displayName: 'joinery-smoke-tests' });
  expect((await run(graphAt(simulator.url), '00000002')).passed).toBe(true);
  expect(await left()).toMatchObject({ catalogs: 2, accessPackages: 1, policies: 1 });
});

test('A step that fails is told, and everything is deleted all the same', async () => {
  const script = [{ states: [{ state: 'submitted', forMs: 1 }, { state: 'denied' }] }];
  simulator = await startSimulator({
    tenant: { workers: [{ from: 'W-1001', to: 'W-1020' }], scripts: script },
  });
  const ran = await run(graphAt(simulator.url), '00000003');
  expect(ran.passed).toBe(false);
  expect(ran.steps.filter(({ failed }) => failed !== undefined)).toMatchObject([
    { step: 'ask for the package and wait for its delivery', failed: /denied/ },
  ]);
  expect(await left()).toMatchObject({ ...nothing, groups: -5 });
});

test('A run that dies around any of its writes leaves what the next run deletes', async () => {
  simulator = await startSimulator();
  const mortal = await startMortalGraph(simulator.url);
  let deaths = 0;
  for (let write = 1; ; write += 1) {
    for (const when of ['before', 'after'] as const) {
      mortal.dieAt(write, when);
      const killed = await run(graphAt(mortal.url), '0000000a').catch(() => undefined);
      if (!mortal.isDead()) {
        await mortal.stop();
        expect(killed?.passed).toBe(true);
        // Eight writes to make, give and take back, and as many to delete.
        expect(deaths).toBeGreaterThanOrEqual(24);
        return;
      }
      deaths += 1;
      const next = await run(graphAt(simulator.url), '0000000b');
      expect([write, when, next.passed, next.leftBehind]).toEqual([write, when, true, []]);
      expect([write, when, await left()]).toEqual([write, when, nothing]);
    }
  }
});

describe('The command', () => {
  const script = join(projectRoot(), 'dist/infra/smoke/main.js');
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, GRAPH_URL: simulator.url });
  const command = (...args: string[]) =>
    promisify(execFile)(process.execPath, [script, ...args], { env: env() });

  test('tells each step, and is silent but for JSON where asked', async () => {
    simulator = await startSimulator();
    const { stdout } = await command('--user', 'w-1001@example.com', '--yes', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ passed: true, leftBehind: [] });
    const told = await command('--user', user, '--yes');
    expect(told.stdout).toMatch(/In the tenant Sample tenant .*makes a security group/s);
    expect(told.stdout).toMatch(/ok .*find the person in the group\n/);
    expect(told.stdout).toMatch(/passed, and nothing is left\n$/);
    expect(told.stdout).not.toContain('@example.com');
    expect(await left()).toEqual(nothing);
  });

  test.each([
    ['without a terminal and --yes', ['--user', user], 2, /say --yes/],
    ['without a user', ['--yes'], 2, /either --user or --clean/],
    ['for a name that no run has', ['--clean', 'Finance', '--yes'], 2, /is no run/],
    ['for somebody who does not exist', ['--user', userId(1999), '--yes'], 1, /has no user/],
  ])('ends at once %s', async (_, args, code, said) => {
    simulator = await startSimulator();
    await expect(command(...args)).rejects.toMatchObject({
      code,
      stderr: expect.stringMatching(said) as string,
    });
    const { body } = await simulator.call('GET', '/_control/requests');
    const methods = (body['value'] as { method: string }[]).map(({ method }) => method);
    expect(methods.filter((method) => method !== 'GET')).toEqual([]);
  });

  test.each([
    ['its run id', (id: string) => ['--clean', id]],
    ['the next run', () => ['--user', user]],
  ])('killed while somebody holds the package, it is cleaned up by %s', async (_, again) => {
    simulator = await startSimulator({ deliveryMs: 300 });
    const child = spawn(process.execPath, [script, '--user', user, '--yes'], {
      env: env(),
      stdio: 'ignore',
    });
    await until(left, ({ grants }) => grants === 1, 20_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    const [name = ''] = await findRuns(graphAt(simulator.url));
    expect(await left()).toMatchObject({ catalogs: 1, accessPackages: 1, grants: 1, groups: 1 });
    const { stdout } = await command(...again(name.replace('joinery-smoke-', '')), '--yes');
    expect(stdout).toContain(name);
    expect(await left()).toEqual(nothing);
  });

  test('stopped by Ctrl-C, it deletes what it made', async () => {
    simulator = await startSimulator({ deliveryMs: 500 });
    const child = spawn(process.execPath, [script, '--user', user, '--yes'], {
      env: env(),
      stdio: 'ignore',
    });
    await until(left, ({ requests }) => requests === 1, 20_000);
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect([code, await left()]).toEqual([130, nothing]);
  });
});
