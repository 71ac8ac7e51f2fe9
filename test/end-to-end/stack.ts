import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../infra/local/stack/parts';
import type { PartName } from '../../infra/local/stack/parts';
import { bringUp } from '../../infra/local/stack/stack';
import { memberOf } from '../../infra/local/stack/stack-file';

/** A local stack of one test: the built programs on free ports, with data of their own. */
export type TestStack = {
  dataDir: string;
  hostUrl: string;
  graphUrl: string;
  serviceBus: string;
  storage: string;
  /** Everything that the parts printed so far, one line each: `graph: ...`. */
  log: string[];
  pid: (part: PartName) => number;
  /** Sends the signal and waits until the process is gone. A part that was killed stays dead until `start`. */
  kill: (part: PartName, signal?: NodeJS.Signals) => Promise<void>;
  start: (part: PartName) => Promise<void>;
  /** Stops every part and removes the data, unless the test brought the folder. */
  stop: () => Promise<void>;
};

/**
 * Starts the built stack (`npm run build` first) on free ports. `env` changes settings of the app and the parts;
 * `dataDir` continues on the data of an earlier stack.
 */
export async function startStack(
  options: { env?: Record<string, string>; dataDir?: string } = {},
): Promise<TestStack> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'joinery-')));
  const log: string[] = [];
  const stack = await bringUp({
    dataDir,
    restart: false,
    env: { ...process.env, ...freePorts, ...options.env },
    print: (part, line) => log.push(`${part}: ${line}`),
  }).catch((error: unknown) => {
    throw new Error(`the stack did not start:\n${log.join('\n')}`, { cause: error });
  });
  const { host, graph, serviceBus, storage } = stack.now();
  if (!host || !graph || !serviceBus || !storage) throw new Error('a part is missing');
  const pid = (part: PartName): number => stack.now()[memberOf[part]]?.pid ?? 0;
  return {
    dataDir,
    hostUrl: host.url,
    graphUrl: graph.url,
    serviceBus: serviceBus.connectionString,
    storage: storage.connectionString,
    log,
    pid,
    kill: async (part, signal = 'SIGKILL') => {
      process.kill(pid(part), signal);
      await stack.exited(part);
    },
    start: stack.start,
    stop: async () => {
      await stack.stop();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true });
    },
  };
}
