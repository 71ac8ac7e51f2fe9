import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openArchive } from './archive';
import {
  applyOp,
  type ArchivePlace,
  commitText,
  type Instance,
  type Instances,
  type Op,
  parseCommit,
  type SnapshotOp,
} from './state';

/**
 * The state of the task hub: in memory, with an append-only journal of one line per commit. Commits that arrive together
 * share one fdatasync.
 */
export type Store = {
  readonly instances: ReadonlyMap<string, Instance>;
  /** Applies the changes at once; resolves when they are durable. Commits become durable in their order. */
  commit: (ops: readonly Op[]) => Promise<void>;
  /** Archives a history (JSON text of its events, joined by commas); durable with the next commit. */
  archive: (history: string) => ArchivePlace;
  /** Reads a history; undefined if the bounded archive no longer has it. */
  archived: (place: ArchivePlace) => Promise<string | undefined>;
  close: () => Promise<void>;
};

type StoreOptions = {
  warn: (message: string) => void;
  /** The size from which the journal is rewritten when it has doubled. */
  compactBytes?: number;
  /** The size of one of the archive's files. */
  segmentBytes?: number;
};

export async function openStore(dir: string, options: StoreOptions): Promise<Store> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'journal.jsonl');
  const instances: Instances = new Map();
  const dropped = await readJournal(path, instances);
  if (dropped > 0) options.warn(`durable: dropped ${dropped} bytes of an unfinished write`);

  const archive = await openArchive(join(dir, 'histories'), options.segmentBytes);
  const journal = await openJournal(path, instances, options.compactBytes);
  const write = groupCommit(async (lines) => {
    const archiveDurable = archive.take();
    const journalDurable = journal.prepare(lines);
    // A journal that points into the archive must not survive what it points to.
    await archiveDurable();
    await journalDurable();
  });

  return {
    instances,
    commit(ops) {
      for (const op of ops) applyOp(instances, op);
      return write(commitText(ops));
    },
    archive: archive.append,
    async archived(place) {
      await write('');
      return archive.read(place);
    },
    async close() {
      await write('');
      await archive.close();
      await journal.close();
    },
  };
}

const COMPACT_BYTES = 64 * 1024 * 1024;

/** The journal file. It is rewritten when it is large and has doubled. */
async function openJournal(path: string, instances: Instances, compactBytes = COMPACT_BYTES) {
  let size = 0;
  let compactAt = 0;
  let file: FileHandle | undefined;

  const replace = async (snapshot: readonly Instance[]): Promise<void> => {
    await file?.close();
    size = await replaceJournal(path, snapshot);
    compactAt = Math.max(compactBytes, size * 2);
    file = await open(path, 'a');
  };
  const append = async (lines: string): Promise<void> => {
    await file?.appendFile(lines);
    await file?.datasync();
    size += Buffer.byteLength(lines);
  };
  await replace(snapshotOf(instances));
  return {
    /** Decides now and writes later: memory already has these lines, so a snapshot includes them. */
    prepare(lines: string): () => Promise<void> {
      if (size <= compactAt) return () => append(lines);
      const snapshot = snapshotOf(instances);
      return () => replace(snapshot);
    },
    close: async () => file?.close(),
  };
}

/** Collects the lines of one iteration of the event loop, or of the time of the current write, for the next write. */
function groupCommit(flush: (lines: string) => Promise<void>) {
  let lines: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  return (line: string): Promise<void> => {
    if (line !== '') lines.push(line);
    next ??= last.then(gathered).then(() => {
      const taken = lines.join('');
      lines = [];
      next = undefined;
      return flush(taken);
    });
    last = next;
    return next;
  };
}

function gathered(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Applies every complete line of a journal, up to the first incomplete one: it and the bytes after it belong to a write
 * that was not acknowledged. Returns the number of bytes dropped.
 */
async function readJournal(path: string, instances: Instances): Promise<number> {
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

/** The current state. It shares the texts with memory, because all of them once more would be as large as the task hub. */
function snapshotOf(instances: Instances): Instance[] {
  return [...instances.values()].map(
    ({ record, batches, marks, inbox, activities, eventCount }) => ({
      ...{ record: { ...record }, batches: [...batches], marks, eventCount },
      ...{ inbox: [...inbox], activities: new Map(activities) },
    }),
  );
}

/** Replaces the journal, and returns its size in bytes. A crash leaves the old or the new one, complete. */
async function replaceJournal(path: string, snapshot: readonly Instance[]): Promise<number> {
  const next = `${path}.next`;
  const file = await open(next, 'w');
  let size = 0;
  for (let at = 0; at < snapshot.length; at += INSTANCES_AT_ONCE) {
    const lines = snapshot
      .slice(at, at + INSTANCES_AT_ONCE)
      .map(snapshotText)
      .join('');
    size += Buffer.byteLength(lines);
    await file.appendFile(lines);
  }
  await file.sync();
  await file.close();
  await rename(next, path);
  await syncFolder(dirname(path));
  return size;
}

const INSTANCES_AT_ONCE = 50;

/** Uses the events' texts, because a snapshot is only written. */
function snapshotText({ record, batches, eventCount, inbox, activities }: Instance): string {
  const events = [...batches, ...inbox.map(({ text }) => text)].join(',');
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
