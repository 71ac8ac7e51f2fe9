import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { freePorts, readStack } from '../../../infra/local/stack/services';
import { eventually } from '../../support/eventually';

type Run = { child: ChildProcess; output: () => string; ended: Promise<number | string> };

let dataDir: string;
let runs: Run[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'joinery-up-'));
});

afterEach(async () => {
  for (const { child, ended } of runs) {
    child.kill('SIGTERM');
    await ended;
  }
  runs = [];
  await rm(dataDir, { recursive: true });
});

/** Runs the command as `npm start -- <args>` does, on free ports and this test's folder. */
function up(args: string[], env: Record<string, string> = {}, data = dataDir): Run {
  const program = join(projectRoot(), 'dist', 'infra', 'local', 'stack', 'main.js');
  const child = spawn(process.execPath, [program, '--data', data, ...args], {
    env: { ...process.env, ...freePorts, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  const ended = once(child, 'close').then(
    ([code, signal]: (number | string | null)[]) => code ?? signal ?? 'unknown',
  );
  const run = { child, output: () => text, ended };
  runs.push(run);
  return run;
}

const isUp = ({ output }: Run): Promise<boolean> =>
  eventually('the stack is up', () => output().includes('Joinery is up'));
const serviceBus = () => readStack(dataDir).serviceBus;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a part that is killed is started again on its port, and its new process is recorded', async () => {
  await isUp(up(['--only', 'service-bus']));
  const before = serviceBus();

  process.kill(before?.pid ?? 0, 'SIGKILL');

  const after = await eventually('another process is recorded', () => {
    const entry = serviceBus();
    return entry?.pid !== before?.pid && entry;
  });
  expect(after.connectionString).toBe(before?.connectionString);
  expect(isAlive(after.pid)).toBe(true);
});

test('with --no-restart a part that is killed stays dead, and --only brings it back on its port', async () => {
  const first = up(['--only', 'service-bus', '--no-restart']);
  await isUp(first);
  const before = serviceBus();
  process.kill(before?.pid ?? 0, 'SIGKILL');
  await eventually('the death is printed', () => first.output().includes('ended (SIGKILL)'));
  expect(serviceBus()).toEqual(before);

  await isUp(up(['--only', 'service-bus']));

  expect(serviceBus()?.connectionString).toBe(before?.connectionString);
  expect(serviceBus()?.pid).not.toBe(before?.pid);
});

test('a second start on the same folder is refused and leaves the first alone', async () => {
  await isUp(up(['--only', 'service-bus']));
  const before = serviceBus();

  const second = up(['--only', 'service-bus']);

  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/service-bus: already runs on .* \(process \d+\)/);
  expect(serviceBus()).toEqual(before);
  expect(isAlive(before?.pid ?? 0)).toBe(true);
});

test('a taken port is one clear error, and nothing is left running', async () => {
  await isUp(up(['--only', 'service-bus']));
  const port = /:(\d+);/.exec(serviceBus()?.connectionString ?? '')?.[1] ?? '';
  const other = await mkdtemp(join(tmpdir(), 'joinery-up-'));

  const second = up([], { SERVICE_BUS_PORT: port }, other);

  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    /service-bus: .*EADDRINUSE.*SERVICE_BUS_PORT \(0 = a free port\)/,
  );
  expect(readStack(other)).toEqual({});
  await rm(other, { recursive: true });
});

test('an ordered end stops the part and clears the record', async () => {
  const run = up(['--only', 'service-bus']);
  await isUp(run);
  const pid = serviceBus()?.pid ?? 0;

  run.child.kill('SIGINT');

  expect(await run.ended).toBe(0);
  expect(isAlive(pid)).toBe(false);
  expect(readStack(dataDir)).toEqual({});
});

test('the parts end by themselves when the process that started them is killed', async () => {
  const run = up(['--only', 'service-bus']);
  await isUp(run);
  const pid = serviceBus()?.pid ?? 0;

  run.child.kill('SIGKILL');

  await eventually('the part has ended', () => !isAlive(pid));
});

test('with --no-restart and nothing left alive the command fails', async () => {
  const run = up(['--only', 'service-bus', '--no-restart']);
  await isUp(run);

  process.kill(serviceBus()?.pid ?? 0, 'SIGKILL');

  expect(await run.ended).toBe(1);
});

test('the host alone names what it needs', async () => {
  const run = up(['--only', 'host']);

  expect(await run.ended).toBe(1);
  expect(run.output()).toContain('needs storage, service-bus and graph running');
});

test.each([
  [['--only', 'kitchen'], '--only takes one of storage, service-bus, graph, host'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused', async (args, message) => {
  const run = up(args);

  expect(await run.ended).toBe(2);
  expect(run.output()).toContain(message);
});
