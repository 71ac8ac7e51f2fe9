import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { applyOp, type Instances } from './apply-op';
import type { Instance } from './instance';
import { parseCommit, type SnapshotOp } from './op';

/**
 * Applies every whole line of a journal. The first line that is not whole ends it: it and what follows belong to a
 * write that was never acknowledged. Answers with the number of bytes left out.
 */
export async function readJournal(path: string, instances: Instances): Promise<number> {
  const bytes = await readFile(path).catch(absentAsEmpty);
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0) break;
    try {
      const ops = parseCommit(bytes.toString('utf8', start, end));
      for (const op of ops) applyOp(instances, op);
    } catch (error) {
      if (error instanceof SyntaxError) break;
      throw error;
    }
    start = end + 1;
  }
  return bytes.length - start;
}

/** Everything that memory holds at this moment, as the lines of a journal. */
export function snapshotOf(instances: Instances): string {
  return [...instances.values()].map(snapshotText).join('');
}

/** Puts a new journal in the place of the old one. A crash leaves the one or the other, whole. */
export async function replaceJournal(path: string, lines: string): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, 'w');
  await file.writeFile(lines);
  await file.sync();
  await file.close();
  await rename(next, path);
  await syncFolder(dirname(path));
}

/** The text is what matters here: a snapshot is only written, and the events are read from it again. */
function snapshotText({ record, turns, eventCount, inbox, activities }: Instance): string {
  const events = [...turns, ...inbox.map(({ text }) => text)].join(',');
  const op: Omit<SnapshotOp, 'events'> = {
    op: 'snapshot',
    record,
    played: eventCount,
    activities: [...activities.values()],
  };
  return `[${JSON.stringify(op).slice(0, -1)},"events":[${events}]}]\n`;
}

/** A rename is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().catch(() => undefined); // not every platform can
  await folder.close();
}

function absentAsEmpty(error: NodeJS.ErrnoException): Buffer {
  if (error.code === 'ENOENT') return Buffer.alloc(0);
  throw error;
}
