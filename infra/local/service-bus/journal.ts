import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Header } from './codec/message';
import type { Lock, Message, Queue, QueueChange } from './queue/queue';

const sync = promisify(fdatasync);

/** The journal is rewritten once it has this size and four times its size after the last rewrite. */
const COMPACT_BYTES = 8 * 1024 * 1024;
const GROWTH = 4;

export type Journal = {
  append: (changes: QueueChange[]) => void;
  /** Calls back when everything appended so far is on disk, in the order of the calls. */
  whenDurable: (then: () => void) => void;
  /** Resolves when everything is on disk and the file is closed. */
  close: () => Promise<void>;
};

/**
 * Opens a journal that starts with `snapshot()`. Writes are grouped: the changes that arrive during one fsync share the
 * next. A failed write ends the process, so that nothing is acknowledged that is not on disk.
 */
export function openJournal(file: string, snapshot: () => string[]): Journal {
  let compactedTo = replaceJournal(file, snapshot());
  let size = compactedTo;
  let handle = openSync(file, 'a');
  let lines: string[] = [];
  let waiting: (() => void)[] = [];
  let writing: Promise<void> | undefined;

  const compact = (): void => {
    closeSync(handle);
    // The snapshot includes the lines that are still to be written.
    lines = [];
    compactedTo = size = replaceJournal(file, snapshot());
    handle = openSync(file, 'a');
  };
  const append = async (): Promise<void> => {
    const content = Buffer.from(lines.join(''), 'utf8');
    lines = [];
    writeAll(handle, content);
    size += content.length;
    await sync(handle);
  };
  const write = async (): Promise<void> => {
    while (lines.length > 0 || waiting.length > 0) {
      const callbacks = waiting;
      waiting = [];
      if (size > Math.max(COMPACT_BYTES, GROWTH * compactedTo)) compact();
      else if (lines.length > 0) await append();
      for (const then of callbacks) then();
    }
    writing = undefined;
  };
  const writeSoon = (): void => {
    if (writing) return;
    // One iteration of the event loop gathers the changes that arrive together.
    writing = new Promise<void>((resolve) => setImmediate(resolve)).then(write);
    writing.catch(endProcess);
  };
  return {
    append(changes) {
      if (changes.length === 0) return;
      lines.push(lineOf(changes));
      writeSoon();
    },
    whenDurable(then) {
      waiting.push(then);
      writeSoon();
    },
    async close() {
      await writing;
      closeSync(handle);
    },
  };
}

function endProcess(error: unknown): void {
  console.error('service-bus: stopped by an error in writing the journal:', error);
  process.exit(1);
}

/**
 * The changes in a journal file, oldest first; none if there is no file. A last line without a line feed was not
 * acknowledged when the process ended, so it is dropped. Any other damage throws an Error that names the line, because
 * continuing would lose acknowledged messages.
 */
export function readJournal(file: string): QueueChange[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.flatMap((line, at) => {
    try {
      return changesOf(line);
    } catch {
      throw new Error(
        `${file}:${at + 1} is damaged; restore the file, or delete it to start with empty queues`,
      );
    }
  });
}

/** Replaces the journal, so that a crash leaves the old or the new one; returns its size in bytes. */
function replaceJournal(file: string, lines: string[]): number {
  const next = `${file}.next`;
  const content = Buffer.from(lines.join(''), 'utf8');
  writeDurably(next, content);
  renameSync(next, file);
  syncFolder(dirname(file));
  return content.length;
}

/** Writes the content completely, at the handle's position. */
function writeAll(handle: number, content: Buffer): void {
  for (let at = 0; at < content.length;) at += writeSync(handle, content, at);
}

function syncFolder(folder: string): void {
  // Windows cannot open folders and does not need this.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function writeDurably(file: string, content: Buffer): void {
  const handle = openSync(file, 'w');
  writeAll(handle, content);
  fsyncSync(handle);
  closeSync(handle);
}

/** A message in the journal: bytes as base64, other members unchanged. */
type StoredMessage = {
  sequenceNumber: number;
  enqueuedAt: number;
  state: Message['state'];
  deliveryCount: number;
  dueAt?: number;
  lock?: Lock;
  header: Header;
  annotations: Record<string, string>;
  bare: string;
};
type WithoutBytes<C> = C extends { bare?: Buffer } ? Omit<C, 'bare'> & { bare?: string } : C;
type StoredChange =
  | { queue: string; do: 'put'; message: StoredMessage }
  | WithoutBytes<Exclude<QueueChange, { do: 'put' }>>;

/** One journal line: the changes of one commit, as JSON with a line feed. */
function lineOf(changes: QueueChange[]): string {
  return `${JSON.stringify(changes.map(stored))}\n`;
}

/** The changes of one journal line. Throws SyntaxError if the line is not complete. */
function changesOf(line: string): QueueChange[] {
  return (JSON.parse(line) as StoredChange[]).map(restored);
}

function stored(change: QueueChange): StoredChange {
  if (change.do === 'put') return { ...change, message: storedMessage(change.message) };
  if ('bare' in change) return { ...change, bare: change.bare.toString('base64') };
  return change as StoredChange;
}

function restored(change: StoredChange): QueueChange {
  if (change.do === 'put') return { ...change, message: restoredMessage(change.message) };
  if ('bare' in change) return { ...change, bare: bytes(change.bare) };
  return change as QueueChange;
}

function storedMessage({ annotations, bare, ...rest }: Message): StoredMessage {
  const encoded = [...annotations].map(([key, value]) => [key, value.toString('base64')] as const);
  return { ...rest, annotations: Object.fromEntries(encoded), bare: bare.toString('base64') };
}

function restoredMessage({ annotations, bare, ...rest }: StoredMessage): Message {
  const decoded = Object.entries(annotations).map(([key, value]) => [key, bytes(value)] as const);
  return { ...rest, annotations: new Map(decoded), bare: bytes(bare) };
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

/** The journal lines that rebuild the current state of the queues, one message each. */
export function snapshotOf(queues: Queue[]): string[] {
  return queues.flatMap(({ path: queue, lastNumber, messages, clockOffset: offsetMs }) => {
    const changes: QueueChange[] = [
      { queue, do: 'number', at: lastNumber },
      ...(offsetMs === 0 ? [] : [{ queue, do: 'clock', offsetMs } as const]),
    ];
    const puts = [...messages.values()].map((message) => lineOf([{ queue, do: 'put', message }]));
    return [lineOf(changes), ...puts];
  });
}
