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

/** A change to one row: its table, its id, and the new row, or null if it was removed. */
export type Change = [table: string, id: string, row: object | null];

export type Journal = {
  /** The changes written before this process, one per row, in the order of the first write. */
  restored: readonly Change[];
  append: (changes: readonly Change[]) => void;
  clear: () => void;
  close: () => void;
};

/**
 * An append-only file of changes, one line per commit, so that a commit is complete or absent. When `append` returns, the
 * line survives kill -9 of this process, but not a power cut. Opening rewrites the file as a snapshot (the latest change of
 * each row) and drops an incomplete last line.
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
