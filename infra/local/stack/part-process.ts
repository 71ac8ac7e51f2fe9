import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from './part';
import { partFolders, portHint } from './parts';
import type { PartName } from './parts';

const stopWithinMs = 15_000;

/** One process of a part. `ready` rejects with one line that says why the part did not start. */
export type PartProcess = {
  pid: number;
  ready: Promise<Record<string, string>>;
  /** How it ended: `exit code 1`, `SIGKILL`. Never rejects. */
  exited: Promise<string>;
  /** Asks it to end in order, and ends it by force after a deadline. */
  stop: () => Promise<void>;
};

/**
 * Starts the built program of a part. It gets a process group of its own, so that Ctrl-C in a terminal reaches only the
 * one who can end the parts in order, and an IPC channel, so that it ends by itself when this process is gone.
 */
export function startProcess(
  part: PartName,
  env: NodeJS.ProcessEnv,
  print: (line: string) => void,
): PartProcess {
  const program = join(projectRoot(), 'dist', 'infra', 'local', partFolders[part], 'main.js');
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first`);
  const child = fork(program, {
    env,
    // Each turn of an orchestration leaves garbage that dies young; with more room it is rarely copied.
    execArgv: part === 'host' ? ['--max-semi-space-size=32'] : [],
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
    ready: untilReady(child, part, exited, errors, print),
    exited,
    stop: () => stopChild(child, exited),
  };
}

/** Until the part is ready its error lines are kept back: they become the one reason why it did not start. */
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
  part: PartName,
  exited: Promise<string>,
  errors: string[],
  print: (line: string) => void,
): Promise<Record<string, string>> {
  const ready = new Promise<Record<string, string>>((resolve) => {
    child.once('message', (message: { ready: Record<string, string> }) => resolve(message.ready));
  });
  const address = await Promise.race([ready, exited]);
  if (typeof address === 'string') {
    const why = errors.join('\n') || `${part}: ended with ${address} before it was ready`;
    throw new Error(why.includes('EADDRINUSE') ? `${why}: ${portHint(part)}` : why);
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
