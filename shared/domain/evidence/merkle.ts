import { createHash } from 'node:crypto';

// A Merkle tree as certificate logs have it, over entries that are bytes of UTF-8: RFC 9162, section 2.1 (RFC 6962).

const hashOf = (...parts: Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

// Leaves and inner nodes begin with different bytes, so that no inner node passes for an entry.
const leafHash = (entry: string | Buffer): Buffer =>
  hashOf(Buffer.of(0), Buffer.isBuffer(entry) ? entry : Buffer.from(entry));
const nodeHash = (left: Buffer, right: Buffer): Buffer => hashOf(Buffer.of(1), left, right);

type Entries = readonly (string | Buffer)[];

/** The root of the tree, in hex. */
export const rootOf = (entries: Entries): string => treeHash(entries.map(leafHash)).toString('hex');

/** The hashes, in hex and from the leaf upwards, that lead from the entry at `index` to the root. */
export function pathOf(index: number, entries: Entries): string[] {
  if (!Number.isInteger(index) || index < 0 || index >= entries.length)
    throw new RangeError(`there is no entry ${index} among ${entries.length}`);
  return path(index, entries.map(leafHash)).map((hash) => hash.toString('hex'));
}

function treeHash(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return hashOf();
  if (leaves.length === 1) return first;
  const split = splitOf(leaves.length);
  return nodeHash(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

function path(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...path(index, left), treeHash(right)]
    : [...path(index - split, right), treeHash(left)];
}

/** The largest power of two that is smaller than the size of a tree. */
const splitOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));
