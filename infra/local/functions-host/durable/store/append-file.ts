import { open, type FileHandle } from 'node:fs/promises';

/**
 * A file that only grows. `append` buffers and answers with the offset in bytes; what was taken out of the buffer
 * becomes durable with `write`.
 */
export type AppendFile = {
  readonly size: number;
  append: (text: string) => number;
  take: () => string;
  write: (taken: string) => Promise<void>;
  read: (offset: number, length: number) => Promise<string>;
  close: () => Promise<void>;
};

export async function openAppendFile(path: string): Promise<AppendFile> {
  const handle: FileHandle = await open(path, 'a+');
  let { size } = await handle.stat();
  let parts: string[] = [];
  return {
    get size() {
      return size;
    },
    append(text) {
      const offset = size;
      size += Buffer.byteLength(text);
      parts.push(text);
      return offset;
    },
    take() {
      const taken = parts.join('');
      parts = [];
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
