import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** A change to one row: its table, its id, and the row as it is now, or null when it is gone. */
export type Change = [table: string, id: string, row: object | null];

export type Journal = {
  /** What was written before this process, one entry per row, in the order of first writing. */
  restored: readonly Change[];
  append: (changes: readonly Change[]) => void;
  clear: () => void;
  close: () => void;
};

/**
 * An append-only file of changes, one line per commit, so that a commit is whole or absent. A line is in the operating
 * system's hands when `append` returns: it survives kill -9 of this process, though not a power cut. Opening rewrites the
 * file as a snapshot (the latest change of each row) and drops a last line that was cut off.
 */
export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'journal.jsonl');
  const restored = existsSync(file) ? latestChanges(readFileSync(file, 'utf8')) : [];
  const fresh = `${file}.new`;
  writeFileSync(fresh, restored.map((change) => `${JSON.stringify([change])}\n`).join(''));
  renameSync(fresh, file);
  let handle = openSync(file, 'a');
  return {
    restored,
    append: (changes) => {
      writeSync(handle, `${JSON.stringify(changes)}\n`);
    },
    clear: () => {
      closeSync(handle);
      handle = openSync(file, 'w');
    },
    close: () => {
      closeSync(handle);
    },
  };
}

function latestChanges(text: string): Change[] {
  const latest = new Map<string, Change>();
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  for (const line of lines) {
    if (line === '') continue;
    for (const change of JSON.parse(line) as Change[])
      latest.set(`${change[0]}/${change[1]}`, change);
  }
  return [...latest.values()];
}
