import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeptHistory, WrittenEvent } from './kept-history';
import { type Instance, type Instances, type Op, parseCommit, type SnapshotOp } from './state';
import type { Swap } from './swap';

const COMPACT_BYTES = 64 * 1024 * 1024;

/**
 * The journal file. When it is large and has doubled, a new one is written beside it, while commits go on into the old one;
 * only the commit after that waits until what came meanwhile is copied.
 */
export async function openJournal(
  path: string,
  instances: Instances,
  swap: Swap,
  { warn, compactBytes = COMPACT_BYTES }: JournalOptions,
) {
  const next = `${path}.next`;
  let file = await open(path, 'a');
  let { size } = await file.stat();
  let compactAt = 0;
  let isClosing = false;
  let rewrite: Rewrite | undefined;

  const begin = (from: number): Rewrite => {
    const { of, release } = snapshotOf(instances, swap);
    const started: Rewrite = {
      from,
      isOver: false,
      written: writeSnapshot(next, of, swap, () => isClosing).finally(() => {
        release();
        started.isOver = true;
      }),
    };
    started.written.catch(() => undefined); // takeOver learns of it
    return started;
  };
  /** A kill leaves the old or the new file, complete. */
  const takeOver = async ({ from, written }: Rewrite): Promise<void> => {
    rewrite = undefined;
    try {
      const bytes = await written;
      await appendPart(path, next, from);
      size = bytes + size - from;
      compactAt = Math.max(compactBytes, bytes * 2);
    } catch (error) {
      warn(`durable: the journal could not be written anew, and grows: ${String(error)}`);
      compactAt = size + compactBytes;
      await rm(next, { recursive: true, force: true });
      return;
    }
    await rename(next, path);
    await syncFolder(dirname(path));
    await file.close();
    file = await open(path, 'a');
  };
  await takeOver(begin(size));

  return {
    /** Decides now and writes later: memory already has these lines, so a snapshot includes them. */
    prepare(lines: readonly string[]): () => Promise<void> {
      const text = lines.join('');
      size += Buffer.byteLength(text);
      if (!rewrite && size > compactAt) rewrite = begin(size);
      return async () => {
        await file.appendFile(text);
        await file.datasync();
        // What is given up is no whole file.
        if (rewrite?.isOver && !isClosing) await takeOver(rewrite);
      };
    },
    /** Gives up a new file that is on the way: the next start writes one anyway. */
    async close(): Promise<void> {
      isClosing = true;
      await rewrite?.written.catch(() => undefined); // it reads the swap file, which is closed next
      await file.close();
      await rm(next, { recursive: true, force: true });
    },
  };
}

type JournalOptions = {
  warn: (message: string) => void;
  /** The size from which it is rewritten when it has doubled. */
  compactBytes?: number | undefined;
};

/** A file on the way that is to follow the journal, and has what the journal has up to `from`. Sizes are in bytes. */
type Rewrite = { from: number; isOver: boolean; written: Promise<number> };

/**
 * Applies every complete line of a journal, up to the first incomplete one: it and the bytes after it belong to a write
 * that was not acknowledged. Returns the number of bytes dropped.
 */
export async function readJournal(path: string, apply: (ops: Op[]) => void): Promise<number> {
  const file = await open(path, 'a+');
  const { size } = await file.stat();
  let applied = 0;
  let rest = Buffer.alloc(0);
  for (let at = 0; at < size;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_AT_ONCE), 0, READ_AT_ONCE, at);
    at += bytesRead;
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    const { end, isBroken } = applyLines(bytes, apply);
    applied += end;
    if (isBroken) break;
    rest = bytes.subarray(end);
  }
  await file.close();
  return size - applied;
}

const READ_AT_ONCE = 1024 * 1024;

/** Returns where the last line ends that could be applied, and whether another one could not. */
function applyLines(bytes: Buffer, apply: (ops: Op[]) => void): { end: number; isBroken: boolean } {
  let start = 0;
  for (let end; (end = bytes.indexOf(0x0a, start)) >= 0; start = end + 1) {
    try {
      apply(parseCommit(bytes.toString('utf8', start, end)));
    } catch (error) {
      if (error instanceof SyntaxError) return { end: start, isBroken: true };
      throw error;
    }
  }
  return { end: start, isBroken: false };
}

/** What a snapshot needs of an instance: small, because it is there beside all of memory. */
type Seen = Pick<Instance, 'record' | 'activities'> & {
  places: Pick<KeptHistory, 'swapped' | 'batches'>;
  played: number;
  inbox: readonly WrittenEvent[];
};
type Snapshot = { of: Seen[]; release: () => void };

/**
 * The current state. It shares the texts with memory and with the swap file, because all of them once more would be as large
 * as the task hub.
 */
function snapshotOf(instances: Instances, swap: Swap): Snapshot {
  const release = swap.hold();
  const of = Array.from(instances.values(), ({ record, history, inbox, activities }): Seen => {
    const { swapped, batches, eventCount: played } = history;
    return { record, activities, places: { swapped, batches }, played, inbox: [...inbox] };
  });
  return { of, release };
}

/** Writes a file of its own, and returns its size in bytes. */
async function writeSnapshot(
  path: string,
  snapshot: readonly Seen[],
  swap: Swap,
  isGivenUp: () => boolean,
): Promise<number> {
  const file = await open(path, 'w');
  try {
    let size = 0;
    for (let at = 0; at < snapshot.length && !isGivenUp(); at += INSTANCES_AT_ONCE) {
      const lines = snapshot
        .slice(at, at + INSTANCES_AT_ONCE)
        .map((instance) => snapshotText(instance, swap))
        .join('');
      size += Buffer.byteLength(lines);
      await file.appendFile(lines);
    }
    await file.sync();
    return size;
  } finally {
    await file.close();
  }
}

/** Half a megabyte of text: everything else waits while it is read. */
const INSTANCES_AT_ONCE = 50;

/** Appends what one file has from an offset on to another. */
async function appendPart(from: string, to: string, offset: number): Promise<void> {
  const file = await open(to, 'a');
  try {
    const parts = createReadStream(from, { start: offset, highWaterMark: READ_AT_ONCE });
    for await (const part of parts) await file.appendFile(part as Buffer);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Uses the events' texts, because a snapshot is only written. */
function snapshotText({ record, activities, places, played, inbox }: Seen, swap: Swap): string {
  const events = [...swap.texts(places), ...inbox.map(({ text }) => text)].join(',');
  const op: Omit<SnapshotOp, 'events'> = {
    op: 'snapshot',
    record,
    played,
    activities: activities.map((one) => ({ ...one, input: swap.text(one.input) })),
  };
  return `[${JSON.stringify(op).slice(0, -1)},"events":[${events}]}]\n`;
}

/** A rename is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().catch(() => undefined); // not every platform can
  await folder.close();
}
