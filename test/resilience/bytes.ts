import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** A file as it lies on the disk. */
export type RawFile = { place: string; bytes: Buffer };

/** Every file below a folder, by its path in it. */
export async function rawFiles(folder: string): Promise<RawFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return { place: relative(folder, path), bytes: await readFile(path) };
    }),
  );
}

/** The encodings in which the bytes hold a text: plain, UTF-16, hex, and base64 wherever in its groups of three it begins. */
export function encodingsFound(bytes: Buffer, text: string): string[] {
  const plain = Buffer.from(text);
  const hex = plain.toString('hex');
  const needles: [name: string, needle: Buffer | string][] = [
    ['plain', plain],
    ['utf-16', Buffer.from(text, 'utf16le')],
    ['hex', hex],
    ['hex', hex.toUpperCase()],
    ...[0, 1, 2].map((offset): [string, string] => ['base64', base64At(plain, offset)]),
  ];
  return needles.filter(([, needle]) => bytes.includes(needle)).map(([name]) => name);
}

/** The characters of base64 that a text decides alone if `offset` other bytes come before it. */
function base64At(plain: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), plain]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  return encoded.slice(first, Math.floor(((offset + plain.length) * 8) / 6));
}
