import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { runTool } from '../../command-line';
import { readOffset } from '../clock/clock-files';
import { dataDir, portFrom, projectRoot } from '../stack/service';
import { appSettings, bringUp, type Stack } from '../stack/stack';
import { type ServiceName, readStack } from '../stack/services';

const MISSING = `func is not installed, or not on the PATH: this command runs the app on the real Functions host of Azure
Functions Core Tools 4 (https://learn.microsoft.com/azure/azure-functions/functions-run-local).
"npm start" runs the same app without it, on the local stand-in.`;

const usage = `Runs the app on the real Functions host (func, Azure Functions Core Tools 4), with storage, bus and Graph as
local stand-ins. Ports and folder are those of "npm start -- --help". Exits 0 if func did, else 1.

usage: npm run start:func`;

/** On Windows func is a script, which only a shell starts. */
const shell = process.platform === 'win32';
const others: ServiceName[] = ['storage', 'service-bus', 'graph'];

/** Starts the local storage, bus and Graph, then the built app with `func start`, until that ends. */
async function run(): Promise<number> {
  const { stdout, error } = spawnSync('func', ['--version'], { encoding: 'utf8', shell });
  if (error || stdout.trim() === '') throw new Error(MISSING);
  if (!stdout.startsWith('4.'))
    throw new Error(`func is of version ${stdout.trim()}, but the app needs 4.x`);
  const folder = dataDir();
  if ((readOffset(folder, 'host') ?? 0) !== 0)
    throw new Error(
      `the clock of ${folder} was moved, which func cannot follow: choose another folder with JOINERY_DATA_DIR`,
    );
  const print = (service: ServiceName, line: string): void =>
    console.log(`${service.padEnd(11)} | ${line}`);
  const running: Stack[] = [];
  try {
    for (const only of others)
      running.push(
        await bringUp({ dataDir: folder, only, restart: true, env: process.env, print }),
      );
    return await runFunc(folder);
  } finally {
    for (const stack of running.toReversed()) await stack.stop();
  }
}

async function runFunc(folder: string): Promise<number> {
  const settings = appSettings(readStack(folder), process.env);
  const port = String(portFrom('HOST_PORT', 7071));
  const child = spawn('func', ['start', '--port', port], {
    cwd: projectRoot(),
    env: { ...process.env, ...settings, FUNCTIONS_WORKER_RUNTIME: 'node' },
    stdio: 'inherit',
    shell,
  });
  // Ctrl-C reaches func directly; the services are stopped after it has ended.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 0) return 0;
  console.error(`func ended with ${code === null ? 'a signal' : `exit code ${code}`}`);
  return 1;
}

void runTool({ usage, options: {}, read: () => undefined, run });
