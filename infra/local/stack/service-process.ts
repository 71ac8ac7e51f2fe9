import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from './service';
import { serviceFolders, type ServiceName, portHint } from './services';

const stopWithinMs = 15_000;

/** One process of a service. `ready` rejects with one line with the reason if the service does not start. */
export type ServiceProcess = {
  pid: number;
  ready: Promise<Record<string, string>>;
  /** Resolves with how it ended: `exit code 1`, `SIGKILL`. Never rejects. */
  exited: Promise<string>;
  /** Stops it in order, and kills it after a deadline. */
  stop: () => Promise<void>;
};

/**
 * Starts the built program of a service. It gets its own process group, so that Ctrl-C reaches only this process, which
 * stops the services in order, and an IPC channel, so that it ends by itself when this process has ended.
 */
export function startProcess(
  service: ServiceName,
  env: NodeJS.ProcessEnv,
  print: (line: string) => void,
): ServiceProcess {
  const program = join(projectRoot(), 'dist', 'infra', 'local', serviceFolders[service], 'main.js');
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first`);
  const child = fork(program, {
    env: { ...(service === 'host' && hostEnvironment), ...env, JOINERY_SERVICE: service },
    execArgv: [
      ...(service === 'storage' ? [] : ['--require', clockModule()]),
      ...(service === 'host' ? workerArguments(env) : []),
    ],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
  const errors: string[] = [];
  forward(child, print, (line) => errors.push(line));
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? 0}`));
  });
  return {
    pid: child.pid ?? 0,
    ready: untilReady(child, service, exited, errors, print),
    exited,
    stop: () => stopChild(child, exited),
  };
}

/**
 * glibc gives threads arenas of their own, and what is freed in one is seldom given back to the system; after it has freed a large
 * piece it keeps the next ones, too. With one arena for all and fixed thresholds (128 KiB) ten thousand joiners take less memory
 * outside the heap. Elsewhere it has no effect. Source: mallopt(3), M_ARENA_MAX, M_TRIM_THRESHOLD, M_MMAP_THRESHOLD.
 */
const hostEnvironment = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
};

/**
 * What Node gets beside the program, by the setting that Azure Functions has for it. Each execution of an orchestration leaves
 * short-lived garbage, and a larger young generation copies less of it into the old one. The old one is made compact only near its
 * limit: without one it grows for as long as runs come and go. As soon as a whole young generation would not fit below the limit
 * beside what is old, each collection is a full one, which costs a multiple of the CPU: docs/performance.md.
 */
const workerArguments = (env: NodeJS.ProcessEnv): string[] =>
  (env['languageWorkers__node__arguments'] ?? '--max-semi-space-size=64 --max-old-space-size=320')
    .split(/\s+/)
    .filter(Boolean);

/** Gives a service the clock of the stack before it loads anything. Azurite has the clock of the machine. */
const clockModule = (): string =>
  join(projectRoot(), 'dist', 'infra', 'local', 'clock', 'preload.js');

/** Until the service is ready, its error lines are collected: they are the reason if it does not start. */
function forward(
  child: ChildProcess,
  print: (line: string) => void,
  keep: (line: string) => void,
): void {
  let ready = false;
  child.once('message', () => (ready = true));
  if (child.stdout) createInterface(child.stdout).on('line', print);
  if (child.stderr) {
    createInterface(child.stderr).on('line', (line) => {
      if (ready) print(line);
      else keep(line);
    });
  }
}

async function untilReady(
  child: ChildProcess,
  service: ServiceName,
  exited: Promise<string>,
  errors: string[],
  print: (line: string) => void,
): Promise<Record<string, string>> {
  const ready = new Promise<Record<string, string>>((resolve) => {
    child.once('message', (message: { ready: Record<string, string> }) => resolve(message.ready));
  });
  const address = await Promise.race([ready, exited]);
  if (typeof address === 'string') {
    const why = errors.join('\n') || `${service}: ended with ${address} before it was ready`;
    throw new Error(why.includes('EADDRINUSE') ? `${why}: ${portHint(service)}` : why);
  }
  errors.forEach(print);
  return address;
}

async function stopChild(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await exited;
  clearTimeout(force);
}
