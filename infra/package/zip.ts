import { createHash } from 'node:crypto';
import { zipSync } from 'fflate';

/** The first moment that a zip can tell. It is in local time, as the zip's own field is. */
const EPOCH = new Date(1980, 0, 1);
const UNIX = 3;
const READ_BY_ALL = 0o100644 << 16;

/** Packs files by their paths, the same bytes for the same files wherever and whenever it is done. */
export function zipOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return zipSync(Object.fromEntries(sorted), {
    level: 9,
    mtime: EPOCH,
    os: UNIX,
    attrs: READ_BY_ALL,
  });
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
