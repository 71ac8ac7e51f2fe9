import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../../infra/local/stack/service';
import { findRuns } from '../../../infra/smoke/clean-up';
import { runSmokeTest, type SmokeResult } from '../../../infra/smoke/run';
import type { SmokeGraph, Timeouts } from '../../../infra/smoke/smoke-graph';
import { createTenantGraph } from '../../../infra/tenant/tenant-graph';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { createCompletePackage } from '../../simulators/graph/packages';
import { type Simulator, startSimulator, until, userId } from '../../simulators/graph/simulator';

/* The smoke run against the simulator: it passes, leaves nothing, and deletes what killed runs left. */

const quick: Timeouts = { deadlineMs: 10_000, replicationMs: 3_000, intervalMs: 5 };
const user = userId(1001);

let simulator: Simulator;
let onTestEnd: (() => Promise<void>) | undefined;
afterEach(async () => {
  await onTestEnd?.();
  onTestEnd = undefined;
  await simulator.stop();
});

const graphAt = (root: string, dialect: 'v1.0' | 'beta' = 'v1.0'): SmokeGraph => ({
  tenant: createTenantGraph({ root }),
  product: createEntitlements({ root, dialect, deadlineMs: 5_000, appVersion: 'test' }),
});

const run = async (graph: SmokeGraph, name: string, timeouts = quick): Promise<SmokeResult> =>
  runSmokeTest(
    graph,
    { run: `joinery-smoke-${name}`, userId: user, leftovers: await findRuns(graph) },
    timeouts,
    () => undefined,
  );

/** The number of objects that runs create, by table. The tenant file has five groups, which are not counted. */
async function remaining(): Promise<Record<string, number>> {
  const { body } = await simulator.call('GET', '/_control/state');
  const count = (table: string): number => (body[table] as unknown[]).length;
  const tables = ['catalogs', 'resources', 'accessPackages', 'policies', 'requests', 'grants'];
  const found = tables.map((table) => [table, count(table)] as const);
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
  'with %s every step passes behind lagging replicas, and nothing is left',
  async (dialect) => {
    simulator = await startSimulator({ lagMs: 100, policyMs: 5 });
    const result = await run(graphAt(simulator.url, dialect), '00000001');
    expect(result.steps.filter(({ failed }) => failed !== undefined)).toEqual([]);
    expect([result.passed, result.leftBehind, result.steps.length]).toEqual([true, [], 8]);
    expect(await remaining()).toEqual(nothing);
  },
);

test('objects that no run created stay, also with similar names', async () => {
  simulator = await startSimulator();
  await createCompletePackage(simulator, { name: 'joinery-smoke-00000002' });
  await simulator.call('POST', 'EM/catalogs', { displayName: 'joinery-smoke-tests' });
  expect((await run(graphAt(simulator.url), '00000002')).passed).toBe(true);
  expect(await remaining()).toMatchObject({ catalogs: 2, accessPackages: 1, policies: 1 });
});

test('after a failed step everything is deleted, and the step is reported', async () => {
  const script = [{ states: [{ state: 'submitted', forMs: 1 }, { state: 'denied' }] }];
  simulator = await startSimulator({
    tenant: { workers: [{ from: 'W-1001', to: 'W-1020' }], scripts: script },
  });
  const result = await run(graphAt(simulator.url), '00000003');
  expect(result.passed).toBe(false);
  expect(result.steps.filter(({ failed }) => failed !== undefined)).toMatchObject([
    { step: 'request the package and wait for its delivery', failed: /denied/ },
  ]);
  expect(await remaining()).toMatchObject({ ...nothing, groups: -5 });
});

test('a throttled run waits as long as Graph asks', async () => {
  simulator = await startSimulator();
  await simulator.call('POST', '/_control/faults', {
    match: { method: 'GET', path: '/groups$' },
    nth: 2,
    answer: { status: 429, code: 'TooManyRequests', retryAfter: 1 },
  });
  const result = await run(graphAt(simulator.url), '00000004');
  expect(result).toMatchObject({ passed: true, leftBehind: [] });
  const deletion = result.steps.find(({ step }) => step.startsWith('delete everything'));
  expect(deletion?.seconds).toBeGreaterThanOrEqual(1);
});

test('a run that dies before or after any of its writes leaves only what the next run deletes', async () => {
  // All runs together make the calls of hours in seconds, because they ask every few milliseconds.
  simulator = await startSimulator({ tenantLimit: 'off' });
  const proxy = await startDyingProxy(simulator.url);
  onTestEnd = proxy.stop;
  let deaths = 0;
  for (let write = 1; ; write += 1) {
    for (const when of ['before', 'after'] as const) {
      proxy.dieAt(write, when);
      const killed = await run(graphAt(proxy.url), '0000000a').catch(() => undefined);
      if (!proxy.isDead()) {
        expect(killed?.passed).toBe(true);
        // Eight writes create, assign and remove, and as many delete.
        expect(deaths).toBeGreaterThanOrEqual(24);
        return;
      }
      deaths += 1;
      const next = await run(graphAt(simulator.url), '0000000b');
      expect([write, when, next.passed, next.leftBehind]).toEqual([write, when, true, []]);
      expect([write, when, await remaining()]).toEqual([write, when, nothing]);
    }
  }
});

describe('the command', () => {
  const script = join(projectRoot(), 'dist/infra/smoke/main.js');
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, GRAPH_URL: simulator.url });
  const command = (...args: string[]) =>
    promisify(execFile)(process.execPath, [script, ...args], { env: env() });

  test('prints each step, or only JSON with --json', async () => {
    simulator = await startSimulator();
    const { stdout } = await command('--user', 'w-1001@example.com', '--yes', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ passed: true, leftBehind: [] });
    const printed = await command('--user', user, '--yes');
    expect(printed.stdout).toMatch(/In the tenant Sample tenant .*creates a security group/s);
    expect(printed.stdout).toMatch(/ok .*find the user in the group\n/);
    expect(printed.stdout).toMatch(/passed; nothing is left in the tenant\n$/);
    expect(printed.stdout).not.toContain('@example.com');
    expect(await remaining()).toEqual(nothing);
  });

  test.each([
    ['without a terminal and --yes', ['--user', user], 2, /give --yes/],
    ['without a user', ['--yes'], 2, /either --user or --clean/],
    ['for a name that is not a run id', ['--clean', 'Finance', '--yes'], 2, /is not a run id/],
    ['for a user who does not exist', ['--user', userId(1999), '--yes'], 1, /has no user/],
  ])('ends without any write %s', async (_, args, code, message) => {
    simulator = await startSimulator();
    await expect(command(...args)).rejects.toMatchObject({
      code,
      stderr: expect.stringMatching(message) as string,
    });
    const { body } = await simulator.call('GET', '/_control/requests');
    const methods = (body['value'] as { method: string }[]).map(({ method }) => method);
    expect(methods.filter((method) => method !== 'GET')).toEqual([]);
  });

  test.each([
    ['its run id', (id: string) => ['--clean', id]],
    ['the next run', () => ['--user', user]],
  ])('after a kill during the assignment is cleaned up by %s', async (_, again) => {
    simulator = await startSimulator({ deliveryMs: 300 });
    const child = spawn(process.execPath, [script, '--user', user, '--yes'], {
      env: env(),
      stdio: 'ignore',
    });
    await until(remaining, ({ grants }) => grants === 1, 20_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    const [name = ''] = await findRuns(graphAt(simulator.url));
    expect(await remaining()).toMatchObject({
      catalogs: 1,
      accessPackages: 1,
      grants: 1,
      groups: 1,
    });
    const { stdout } = await command(...again(name.replace('joinery-smoke-', '')), '--yes');
    expect(stdout).toContain(name);
    expect(await remaining()).toEqual(nothing);
  });

  test('deletes what it created on Ctrl-C', async () => {
    simulator = await startSimulator({ deliveryMs: 500 });
    const child = spawn(process.execPath, [script, '--user', user, '--yes'], {
      env: env(),
      stdio: 'ignore',
    });
    await until(remaining, ({ requests }) => requests === 1, 20_000);
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect([code, await remaining()]).toEqual([130, nothing]);
  });
});

type DyingProxy = {
  url: string;
  /** Revives the proxy. It dies at the n-th write from now on; `after` forwards that write first. */
  dieAt: (write: number, when: 'before' | 'after') => void;
  isDead: () => boolean;
  stop: () => Promise<void>;
};

/**
 * A proxy to the simulator that refuses every call from one write on, so that the simulator gets what a caller that is
 * killed there would have sent. It answers 401, which no caller retries.
 */
async function startDyingProxy(target: string): Promise<DyingProxy> {
  let writes = 0;
  let death = { write: Infinity, when: 'before' };
  let dead = false;

  const server = createServer((message, response) => {
    if (message.method !== 'GET' && !dead) writes += 1;
    const dying = writes >= death.write;
    if (dead || (dying && death.when === 'before')) {
      dead = true;
      message.resume();
      refuse(response);
      return;
    }
    dead = dying;
    forward(target, message, response, dying);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    dieAt: (write, when) => {
      writes = 0;
      dead = false;
      death = { write, when };
    },
    isDead: () => dead,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** `lost`: the call is forwarded, but its answer is not. */
function forward(
  target: string,
  message: IncomingMessage,
  response: ServerResponse,
  lost: boolean,
): void {
  const { method, headers, url = '/' } = message;
  const outgoing = request(new URL(url, target), { method, headers }, (answer) => {
    if (lost) answer.resume().once('end', () => refuse(response));
    else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
  });
  outgoing.once('error', () => message.socket.destroy());
  message.pipe(outgoing);
}

const refuse = (response: ServerResponse): void => {
  response.writeHead(401, { 'Content-Type': 'application/json' });
  response.end('{"error":{"code":"Dead","message":"The proxy is dead."}}');
};
