import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { PartName } from './parts';

const pid = z.int().positive();
const Url = z.object({ url: z.string(), pid });
const Connection = z.object({ connectionString: z.string(), pid });

/** What the host's app listens to and goes by, for those who look after it from outside. */
const Settings = z
  .object({ EVENT_SOURCES: z.string(), PROVISIONING_QUEUE: z.string() })
  .catchall(z.string());

const WholeStack = z.object({
  host: Url.extend({ settings: Settings.optional() }),
  serviceBus: Connection,
  storage: Connection,
  graph: Url,
});
export type WholeStack = z.infer<typeof WholeStack>;

/** Where each running part can be reached, and its process: what `<data>/stack.json` holds. */
export const StackFile = WholeStack.partial();
export type StackFile = z.infer<typeof StackFile>;

/** The members of `StackFile` by the names of the parts. */
export const memberOf = {
  storage: 'storage',
  'service-bus': 'serviceBus',
  graph: 'graph',
  host: 'host',
} as const satisfies Record<PartName, keyof StackFile>;

const file = (dataDir: string): string => join(dataDir, 'stack.json');

/** What runs on this folder by its own account; empty if nothing was ever started there. */
export function readStack(dataDir: string): StackFile {
  let text;
  try {
    text = readFileSync(file(dataDir), 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return {};
    throw error;
  }
  return StackFile.parse(JSON.parse(text));
}

/** Records one part, or that it has ended. A reader never meets half a file. */
export function recordPart(dataDir: string, part: PartName, entry: object | undefined): void {
  const stack = StackFile.parse({ ...readStack(dataDir), [memberOf[part]]: entry });
  if (Object.values(stack).every((value) => value === undefined)) {
    rmSync(file(dataDir), { force: true });
    return;
  }
  mkdirSync(dataDir, { recursive: true });
  const draft = `${file(dataDir)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`);
  renameSync(draft, file(dataDir));
}
