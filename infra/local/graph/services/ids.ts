import { createHash, randomUUID } from 'node:crypto';

export const newId = (): string => randomUUID();

/** An id derived from what it names, so that roles, scopes and what a tenant file contains keep theirs over restarts. */
export function derivedId(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
