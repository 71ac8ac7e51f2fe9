import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './parts';
import { bringUp } from './stack';
import type { Stack } from './stack';
import type { StackFile, WholeStack } from './stack-file';

/** A stack that lives as long as `use` runs: free ports, a folder of its own, nothing left behind. */
export type PassingStack = WholeStack & {
  dataDir: string;
  now: () => StackFile;
  /** Everything that the parts printed so far. */
  log: string[];
};

/**
 * Runs `use` on a stack of its own and answers what it answers. `env` gives settings, given the stack's folder. Stops the
 * stack and removes its folder whatever happens, also on Ctrl-C.
 */
export async function onPassingStack<Result>(
  name: string,
  env: (dataDir: string) => Record<string, string>,
  use: (stack: PassingStack) => Promise<Result>,
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
      env: { ...process.env, ...freePorts, ...env(dataDir) },
      print: (part, line) => log.push(`${part}: ${line}`),
    });
    return await use({ ...whole(stack.now()), dataDir, now: stack.now, log });
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
    await cleanUp();
  }
}

function whole({ host, serviceBus, storage, graph }: StackFile): WholeStack {
  if (!host || !serviceBus || !storage || !graph) throw new Error('a part of the stack is missing');
  return { host, serviceBus, storage, graph };
}
