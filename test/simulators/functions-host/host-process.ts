import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/part';

/** The host as a process of its own, on the fixture app: an app can be loaded only once per process. */
export type HostProcess = {
  url: string;
  dataDir: string;
  /** Everything it has printed. */
  output: () => string;
  /** As by kill -9. */
  kill: () => Promise<void>;
  /** By SIGTERM; answers with the exit code. */
  stop: () => Promise<number | null>;
};

type Started = { child: ChildProcess; output: () => string };

export function newDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'joinery-host-'));
}

export async function startHostProcess(
  dataDir: string,
  settings: Record<string, string> = {},
): Promise<HostProcess> {
  const { child, output } = spawnHost(dataDir, settings);
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => {
      resolve((message as { ready: { url: string } }).ready.url);
    });
    child.once('exit', (code) => {
      reject(new Error(`the host ended with ${String(code)}: ${output()}`));
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };
  return {
    url,
    dataDir,
    output,
    kill: async () => {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}

/** Starts a host that is expected to end by itself. */
export async function hostThatFails(
  dataDir: string,
  settings: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const { child, output } = spawnHost(dataDir, settings);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output() };
}

function spawnHost(dataDir: string, settings: Record<string, string>): Started {
  const child = fork(join(projectRoot(), 'dist/infra/local/functions-host/main.js'), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      JOINERY_DATA_DIR: dataDir,
      HOST_PORT: '0',
      FUNCTIONS_APP_DIR: join(__dirname, 'fixture-app'),
      TICK: '0 0 0 1 1 *',
      ...settings,
    },
  });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

/** What the fixture app has noted, in order. */
export function notes(dataDir: string): Record<string, unknown>[] {
  const file = join(dataDir, 'notes.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
