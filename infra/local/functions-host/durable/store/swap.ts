import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { EventMark, HistoryEvent } from '../protocol/history';
import { type KeptHistory, type KeptText, marksOf, none, type SwapPlace } from './kept-history';

/** A history as an execution reads it. */
export type ReadHistory = { texts: readonly string[]; marks: readonly EventMark[] };

/**
 * The histories of instances and the inputs of their activities, as far as they are not in memory: the histories of the
 * instances that had no change for the longest time, and the inputs for which there was no room when they were scheduled.
 * The file is only a cache: the journal has everything, so it is not synced, and a new process begins with an empty one.
 * Reads and writes are synchronous: the file is almost always in the memory of the system, and nothing can happen to an
 * instance in between.
 */
export type Swap = {
  /** What the histories in memory take, approximately. */
  readonly bytesInMemory: number;
  /** Call it after every change of a history. */
  changed: (history: KeptHistory) => void;
  /** Call it when an instance has ended, or has another history. */
  forget: (history: KeptHistory) => void;
  /** All texts of a history, in their order. */
  texts: (history: Pick<KeptHistory, 'swapped' | 'batches'>) => string[];
  read: (history: KeptHistory) => ReadHistory;
  /** Takes an input, and answers it or its place. Call `drop` when nobody needs it any more. */
  keep: (text: string) => KeptText;
  drop: (kept: KeptText) => void;
  text: (kept: KeptText) => string;
  /** From now on, what is forgotten or dropped can still be read, until the returned function is called. */
  hold: () => () => void;
  close: () => void;
};

type SwapOptions = {
  warn: (message: string) => void;
  /** What histories may take in memory; inputs may take as much, or less. */
  swapBytes?: number | undefined;
};

/** The histories of about five hundred waiting instances. */
const SWAP_BYTES = 4 * 1024 * 1024;
/** The inputs of a few hundred activities. */
const INPUT_CHARACTERS = 256 * 1024;
/** What a mark takes in memory, approximately. */
const MARK_BYTES = 110;

export function openSwap(path: string, { warn, swapBytes = SWAP_BYTES }: SwapOptions): Swap {
  const file = openSync(path, 'w+');
  const slots = createSlots();
  /** The histories with a part in memory and the size of it; those without a change for the longest time are first. */
  const inMemory = new Map<KeptHistory, number>();
  let total = 0;
  let limit = swapBytes;
  let characters = 0;
  let mostCharacters = Math.min(swapBytes, INPUT_CHARACTERS);
  let held: SwapPlace[] | undefined;

  const count = (history: KeptHistory, bytes: number): void => {
    total += bytes - (inMemory.get(history) ?? 0);
    inMemory.delete(history);
    if (bytes > 0) inMemory.set(history, bytes);
  };
  const writeText = (text: string): SwapPlace => {
    const bytes = Buffer.from(text);
    const offset = slots.take(bytes.length);
    writeAll(file, bytes, offset);
    return { offset, length: bytes.length };
  };
  const free = (place: SwapPlace): void => {
    if (held) held.push(place);
    else slots.free(place);
  };
  const readPlace = ({ offset, length }: SwapPlace): string => readText(file, offset, length);
  const texts: Swap['texts'] = ({ swapped, batches }) =>
    swapped ? [readPlace(swapped), ...batches] : [...batches];
  const swapOut = (history: KeptHistory): void => {
    const before = history.swapped;
    history.swapped = writeText(texts(history).join(','));
    if (before) free(before);
    history.batches = none;
    history.marks = none;
    count(history, 0);
  };
  const giveUp = (error: unknown): void => {
    [limit, mostCharacters] = [Infinity, Infinity];
    warn(`durable: histories and inputs stay in memory: ${String(error)}`);
  };

  return {
    get bytesInMemory() {
      return total;
    },
    changed(history) {
      count(history, sizeOf(history));
      try {
        for (const [oldest] of inMemory) {
          if (total <= limit) return;
          swapOut(oldest);
        }
      } catch (error) {
        giveUp(error);
      }
    },
    forget(history) {
      count(history, 0);
      if (history.swapped) free(history.swapped);
    },
    keep(text) {
      if (characters + text.length > mostCharacters) {
        try {
          return writeText(text);
        } catch (error) {
          giveUp(error);
        }
      }
      characters += text.length;
      return text;
    },
    drop(kept) {
      if (typeof kept === 'string') characters -= kept.length;
      else free(kept);
    },
    text: (kept) => (typeof kept === 'string' ? kept : readPlace(kept)),
    texts,
    read({ swapped, batches, marks }) {
      if (!swapped) return { texts: batches, marks };
      const text = readPlace(swapped);
      const events = JSON.parse(`[${text}]`) as HistoryEvent[];
      return { texts: [text, ...batches], marks: [...marksOf(events), ...marks] };
    },
    hold() {
      const forgotten: SwapPlace[] = [];
      held = forgotten;
      return () => {
        held = undefined;
        for (const place of forgotten) slots.free(place);
      };
    },
    close: () => closeSync(file),
  };
}

function sizeOf({ batches, marks }: KeptHistory): number {
  return batches.reduce((sum, { length }) => sum + length, MARK_BYTES * marks.length);
}

/** Places in a file. A slot is a power of two, so that one that was freed fits another text. */
function createSlots() {
  const freed = new Map<number, number[]>();
  let end = 0;
  const sizeFor = (length: number): number =>
    Math.max(SMALLEST_SLOT, 2 ** Math.ceil(Math.log2(length)));
  return {
    take(length: number): number {
      const size = sizeFor(length);
      const offset = freed.get(size)?.pop();
      if (offset !== undefined) return offset;
      end += size;
      return end - size;
    },
    free({ offset, length }: SwapPlace): void {
      const size = sizeFor(length);
      const offsets = freed.get(size) ?? [];
      freed.set(size, offsets);
      offsets.push(offset);
    },
  };
}

const SMALLEST_SLOT = 512;

function writeAll(file: number, bytes: Buffer, offset: number): void {
  for (let at = 0; at < bytes.length;)
    at += writeSync(file, bytes, at, bytes.length - at, offset + at);
}

function readText(file: number, offset: number, length: number): string {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const read = readSync(file, bytes, at, length - at, offset + at);
    if (read === 0) throw new Error('the swap file is shorter than what was written to it');
    at += read;
  }
  return bytes.toString('utf8');
}
