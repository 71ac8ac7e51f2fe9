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
 * The state of the task hub: in memory, and behind it an append-only journal of one line per commit. Commits that come
 * together share one fdatasync.
 */
export type Store = {
  readonly instances: ReadonlyMap<string, Instance>;
  /** Applies the changes at once; resolves when they are durable. Commits become durable in their order. */
  commit: (ops: readonly Op[]) => Promise<void>;
  /** Puts away a history (JSON text of its events, joined by commas); durable with the commit that follows. */
  archive: (history: string) => ArchivePlace;
  /** Reads it back; undefined when it was given up to keep the archive bounded. */
  archived: (place: ArchivePlace) => Promise<string | undefined>;
  close: () => Promise<void>;
};

type StoreOptions = {
  warn: (message: string) => void;
  /** From which size the journal is written anew when it has doubled. */
  compactBytes?: number;
  /** The size of one of the archive's files. */
  segmentBytes?: number;
};

export async function openStore(dir: string, options: StoreOptions): Promise<Store> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'journal.jsonl');
  const instances: Instances = new Map();
  const dropped = await readJournal(path, instances);
  if (dropped > 0) options.warn(`durable: dropped ${dropped} bytes that a crash left unfinished`);

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

/** The journal's file, which is written anew when it is large and has doubled. */
async function openJournal(path: string, instances: Instances, compactBytes = COMPACT_BYTES) {
  let size = 0;
  let compactAt = 0;
  let file: FileHandle | undefined;

  const replace = async (lines: string): Promise<void> => {
    await file?.close();
    await replaceJournal(path, lines);
    size = Buffer.byteLength(lines);
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
    /** Decides now and writes later: memory holds these lines already, so a journal written anew does too. */
    prepare(lines: string): () => Promise<void> {
      if (size <= compactAt) return () => append(lines);
      const snapshot = snapshotOf(instances);
      return () => replace(snapshot);
    },
    close: async () => file?.close(),
  };
}

/** Gathers what is written in one turn of the event loop, or while a write is under way, into the next write. */
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
 * Applies every whole line of a journal. The first line that is not whole ends it: it and what follows belong to a
 * write that was never acknowledged. Answers with the number of bytes left out.
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

/** Everything that memory holds at this moment, as the lines of a journal. */
function snapshotOf(instances: Instances): string {
  return [...instances.values()].map(snapshotText).join('');
}

/** Puts a new journal in the place of the old one. A crash leaves the one or the other, whole. */
async function replaceJournal(path: string, lines: string): Promise<void> {
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
