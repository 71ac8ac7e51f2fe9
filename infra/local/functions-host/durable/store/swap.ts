import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { EventMark, HistoryEvent } from '../protocol/history';
import { type KeptHistory, marksOf, type SwapPlace } from './kept-history';

/** A history as an execution reads it. */
export type ReadHistory = { texts: string[]; marks: EventMark[] };

/**
 * The histories of instances, as far as they are not in memory: those of the instances that had no change for the longest
 * time. The file is only a cache: the journal has everything, so it is not synced, and a new process begins with an empty
 * one. Reads and writes are synchronous: the file is almost always in the memory of the system, and nothing can happen to
 * an instance in between.
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
  /** From now on, what is forgotten can still be read, until the returned function is called. */
  hold: () => () => void;
  close: () => void;
};

type SwapOptions = {
  warn: (message: string) => void;
  /** What histories may take in memory. */
  swapBytes?: number | undefined;
};

/** The histories of about five hundred waiting instances. */
const SWAP_BYTES = 4 * 1024 * 1024;
/** What a mark takes in memory, approximately. */
const MARK_BYTES = 110;

export function openSwap(path: string, { warn, swapBytes = SWAP_BYTES }: SwapOptions): Swap {
  const file = openSync(path, 'w+');
  const slots = createSlots();
  /** The histories with a part in memory and the size of it; those without a change for the longest time are first. */
  const inMemory = new Map<KeptHistory, number>();
  let total = 0;
  let limit = swapBytes;
  let held: SwapPlace[] | undefined;

  const count = (history: KeptHistory, bytes: number): void => {
    total += bytes - (inMemory.get(history) ?? 0);
    inMemory.delete(history);
    if (bytes > 0) inMemory.set(history, bytes);
  };
  const swapOut = (history: KeptHistory): void => {
    const bytes = Buffer.from(history.batches.join(','));
    const offset = slots.take(bytes.length);
    writeAll(file, bytes, offset);
    history.swapped = [...history.swapped, { offset, length: bytes.length }];
    history.batches = [];
    history.marks = [];
    count(history, 0);
  };
  const readPlace = ({ offset, length }: SwapPlace): string => readText(file, offset, length);

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
        limit = Infinity;
        warn(`durable: histories stay in memory: ${String(error)}`);
      }
    },
    forget(history) {
      count(history, 0);
      if (held) held.push(...history.swapped);
      else for (const place of history.swapped) slots.free(place);
    },
    texts: ({ swapped, batches }) => [...swapped.map(readPlace), ...batches],
    read({ swapped, batches, marks }) {
      if (swapped.length === 0) return { texts: batches, marks };
      const texts = swapped.map(readPlace);
      const events = JSON.parse(`[${texts.join(',')}]`) as HistoryEvent[];
      return { texts: [...texts, ...batches], marks: [...marksOf(events), ...marks] };
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
