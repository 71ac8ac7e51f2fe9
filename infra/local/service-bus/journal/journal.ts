import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import type { QueueChange } from '../queue/change';
import { lineOf } from './record';
import { replaceJournal, writeAll } from './file';

const sync = promisify(fdatasync);

/** The journal is written anew once it is this large and four times what it was after the last time. */
const WORTH_COMPACTING = 8 * 1024 * 1024;
const GROWTH = 4;

export type Journal = {
  append: (changes: QueueChange[]) => void;
  /** Calls back once everything appended so far is on disk, in the order of the calls. */
  whenDurable: (then: () => void) => void;
  /** Resolves when everything is on disk and the file is closed. */
  close: () => Promise<void>;
};

/**
 * Opens a journal that starts with `snapshot()`. Writes are grouped: what comes in during one fsync shares the next.
 * A write that fails ends the process: to acknowledge without it would be a lie.
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
    // The snapshot holds what the lines say that are still to be written.
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
      const told = waiting;
      waiting = [];
      if (size > Math.max(WORTH_COMPACTING, GROWTH * compactedTo)) compact();
      else if (lines.length > 0) await append();
      for (const then of told) then();
    }
    writing = undefined;
  };
  const writeSoon = (): void => {
    if (writing) return;
    // One turn of the event loop gathers what arrived together.
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
