import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { QueueChange } from '../queue/change';
import { changesOf } from './record';

/**
 * The changes in a journal file, oldest first; none if there is no file. A last line without its line feed was being
 * written when the process died: nobody was told of it, so it is dropped. Any other damage throws an Error that names
 * the line, because going on would lose acknowledged messages.
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

/** Puts a new journal in the place of the old one, so that a crash leaves one or the other; answers its size in bytes. */
export function replaceJournal(file: string, lines: string[]): number {
  const next = `${file}.next`;
  const content = Buffer.from(lines.join(''), 'utf8');
  writeDurably(next, content);
  renameSync(next, file);
  syncFolder(dirname(file));
  return content.length;
}

/** Writes all of it at the handle's position. */
export function writeAll(handle: number, content: Buffer): void {
  for (let at = 0; at < content.length;) at += writeSync(handle, content, at);
}

function syncFolder(folder: string): void {
  // Windows opens no folders, and needs no such thing.
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
