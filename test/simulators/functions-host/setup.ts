import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newInstance } from '../../../infra/local/functions-host/durable/engine/new-instance';
import type { Op } from '../../../infra/local/functions-host/durable/store/state';
import { projectRoot } from '../../../infra/local/stack/service';
import { eventually } from '../../support/eventually';

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

/** The change of a store that starts an instance. */
export const start = (id: string): Op =>
  newInstance(
    { id, name: 'story', input: '{"n":1}' },
    {
      defaultVersion: '',
      versionMatch: 'None',
      overridable: 'NonRunningStates',
      storeInputs: false,
    },
  );

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

/** The notes of the fixture app, in order. */
export function notes(dataDir: string): Record<string, unknown>[] {
  const file = join(dataDir, 'notes.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

type Reply = { status: number; body: unknown; headers: Headers };

export type InstanceStatus = {
  instanceId: string;
  runtimeStatus: string;
  output: unknown;
  input: unknown;
  customStatus: unknown;
  historyEvents?: { EventType: string; [member: string]: unknown }[];
};

/** Calls to one host, through the durable management API and through the app's own HTTP functions. */
export function durableCalls(url: string) {
  const api = `${url}/runtime/webhooks/durabletask`;

  const call = async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const response = await fetch(path.startsWith('http') ? path : `${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    const parsed: unknown = isJson && text ? JSON.parse(text) : text;
    return { status: response.status, body: parsed, headers: response.headers };
  };
  const status = async (id: string, query = ''): Promise<InstanceStatus> =>
    (await call('GET', `${api}/instances/${id}${query}`)).body as InstanceStatus;

  return {
    call,
    api: (method: string, path: string, body?: unknown) => call(method, `${api}${path}`, body),
    status,
    start: (name: string, id: string, input?: unknown) =>
      call('POST', `/api/start/${name}/${id}`, input),
    /** A method of the SDK's client, run by the fixture app. */
    client: async (method: string, id: string, ...args: unknown[]) =>
      call('POST', `/api/client/${method}/${id}`, { args }),
    ended: (id: string) =>
      eventually(`the end of ${id}`, async () => {
        const now = await status(id);
        return ['Pending', 'Running', 'Suspended'].includes(now.runtimeStatus) ? undefined : now;
      }),
  };
}
