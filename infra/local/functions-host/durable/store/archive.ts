import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchivePlace } from './state';

/** Histories of ended instances, on disk: a few files of bounded size; the oldest is deleted. */
type Archive = {
  append: (history: string) => ArchivePlace;
  /** Takes the buffered text; the returned function writes it durably. */
  take: () => () => Promise<void>;
  read: (place: ArchivePlace) => Promise<string | undefined>;
  close: () => Promise<void>;
};

const SEGMENT_BYTES = 64 * 1024 * 1024;
const SEGMENTS_KEPT = 4;

export async function openArchive(dir: string, segmentBytes = SEGMENT_BYTES): Promise<Archive> {
  await mkdir(dir, { recursive: true });
  const numbers = (await readdir(dir)).map(Number).filter(Number.isInteger);
  let segment = Math.max(0, ...numbers);
  let file: AppendFile = await openAppendFile(join(dir, String(segment)));

  const rotate = async (): Promise<void> => {
    const next = await openAppendFile(join(dir, String(segment + 1)));
    const full = file;
    const rest = full.take();
    file = next;
    segment += 1;
    await full.write(rest);
    await full.close();
    await rm(join(dir, String(segment - SEGMENTS_KEPT)), { force: true });
  };

  return {
    append(history) {
      const offset = file.append(history);
      return { segment, offset, length: Buffer.byteLength(history) };
    },
    take() {
      const taken = file.take();
      return async () => {
        await file.write(taken);
        if (file.size > segmentBytes) await rotate();
      };
    },
    async read({ segment: number, offset, length }) {
      if (number === segment) return file.read(offset, length);
      if (number <= segment - SEGMENTS_KEPT) return undefined;
      const older = await openAppendFile(join(dir, String(number)));
      const text = await older.read(offset, length);
      await older.close();
      return text;
    },
    close: () => file.close(),
  };
}

/**
 * An append-only file. `append` buffers and returns the offset in bytes; `write` makes text from the buffer durable.
 */
type AppendFile = {
  readonly size: number;
  append: (text: string) => number;
  take: () => string;
  write: (taken: string) => Promise<void>;
  read: (offset: number, length: number) => Promise<string>;
  close: () => Promise<void>;
};

async function openAppendFile(path: string): Promise<AppendFile> {
  const handle: FileHandle = await open(path, 'a+');
  let { size } = await handle.stat();
  let buffered: string[] = [];
  return {
    get size() {
      return size;
    },
    append(text) {
      const offset = size;
      size += Buffer.byteLength(text);
      buffered.push(text);
      return offset;
    },
    take() {
      const taken = buffered.join('');
      buffered = [];
      return taken;
    },
    async write(taken) {
      if (taken === '') return;
      await handle.appendFile(taken);
      await handle.datasync();
    },
    async read(offset, length) {
      const buffer = Buffer.alloc(length);
      await handle.read(buffer, 0, length, offset);
      return buffer.toString('utf8');
    },
    close: () => handle.close(),
  };
}
