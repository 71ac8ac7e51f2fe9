import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type StackFile, type CompleteStack } from './services';
import { bringUp, type Stack } from './stack';

/** Sealing at a full hour of this machine would add to what is counted and measured. */
const NO_SEALS = { SEAL_SCHEDULE: '0 5 3 29 2 *' };

/** A stack that exists while `use` runs: free ports and a temporary folder. */
export type TemporaryStack = CompleteStack & {
  dataDir: string;
  now: () => StackFile;
  /** The output of the services so far. */
  log: string[];
};

/**
 * Runs `use` on a temporary stack and returns its result. `env` returns settings for the stack's folder; `now` is the time
 * that its clock starts at, by default that of the machine. Always stops the stack and removes its folder, also on Ctrl-C.
 */
export async function onTemporaryStack<Result>(
  name: string,
  env: (dataDir: string) => Record<string, string>,
  use: (stack: TemporaryStack) => Promise<Result>,
  now?: Date,
): Promise<Result> {
  const dataDir = await mkdtemp(join(tmpdir(), `joinery-${name}-`));
  const log: string[] = [];
  let stack: Stack | undefined;
  const cleanUp = async (): Promise<void> => {
    await stack?.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  const leave = (): void => void cleanUp().finally(() => process.exit(130));
  process.once('SIGINT', leave).once('SIGTERM', leave);
  try {
    stack = await bringUp({
      dataDir,
      restart: false,
      ...(now && { now }),
      env: { ...process.env, ...freePorts, ...NO_SEALS, ...env(dataDir) },
      print: (service, line) => log.push(`${service}: ${line}`),
    });
    return await use({ ...complete(stack.now()), dataDir, now: stack.now, log });
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
    await cleanUp();
  }
}

function complete({ host, serviceBus, storage, graph }: StackFile): CompleteStack {
  if (!host || !serviceBus || !storage || !graph)
    throw new Error('a service of the stack is not running');
  return { host, serviceBus, storage, graph };
}
