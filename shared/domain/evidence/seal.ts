import { z } from 'zod';
import { canonicalJson } from '../events/keys';
import type { KnownEnd } from './chain';
import { isDate } from '../events/time';
import { pathOf, rootOf } from './merkle';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A UTC hour, such as `2026-11-28T13`; also the name of its seal. */
export const Hour = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3])$/)
  .refine((hour) => isDate(hour.slice(0, 'yyyy-mm-dd'.length)));

/** The end of one closed chain: of an attempt at an event, or of a refused body (one row). */
export const SealLeaf = z
  .strictObject({
    /** Absent of a refused body. */
    eventHash: hash.optional(),
    /** Of a refused body alone. */
    bodyHash: hash.optional(),
    attempt: z.number().int(),
    /** The number of the last row, and its hash. */
    seq: z.number().int().positive(),
    head: hash,
    /** The first eight digits of the hash of each row: they say where a rewritten chain leaves the sealed one. */
    trail: z.string(),
  })
  .refine((leaf) => (leaf.eventHash === undefined) !== (leaf.bodyHash === undefined));
export type SealLeaf = z.infer<typeof SealLeaf>;

/**
 * The seal of an hour: the ends of all chains that had closed by its end and were in no seal before. There is one of every
 * hour from the first, also of an hour in which nothing closed.
 */
export const Seal = z.strictObject({
  version: z.literal(1),
  hour: Hour,
  /** The root of the seal before; zeros in the first. */
  previous: hash,
  leaves: z.array(SealLeaf),
  /** The root of a Merkle tree over `entriesOf`: it covers the hour, the root before and all leaves. */
  root: hash,
});
export type Seal = z.infer<typeof Seal>;

/** The root before the first seal. */
export const NO_ROOT = '0'.repeat(64);

type Content = Omit<Seal, 'root' | 'version'>;

/** The end of the chain that a leaf stands for. */
export const sealedEnd = ({ attempt, seq, head, trail }: SealLeaf): KnownEnd => ({
  ...{ attempt, seq, hash: head, trail },
});

/** Makes a seal; the order of the leaves given does not matter. */
export function sealOf({ hour, previous, leaves }: Content): Seal {
  const ordered = [...leaves].sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
  const content = { hour, previous, leaves: ordered };
  return { version: 1, ...content, root: rootOf(entriesOf(content)) };
}

/** Whether the root of a seal is that of its content. */
export const rootMatches = (seal: Seal): boolean => rootOf(entriesOf(seal)) === seal.root;

/** The entries of the tree: its head, which tells how many leaves there are, then each leaf, as canonical JSON. */
const entriesOf = ({ hour, previous, leaves }: Content): string[] => [
  canonicalJson({ hour, leaves: leaves.length, previous, version: 1 }),
  ...leaves.map(canonicalJson),
];

/** What a leaf is about; unique in a seal. */
export const subjectOf = ({
  eventHash,
  bodyHash,
  attempt,
}: Pick<SealLeaf, 'eventHash' | 'bodyHash' | 'attempt'>): string =>
  eventHash === undefined ? `body-${bodyHash ?? ''}` : `${eventHash}-${attempt}`;

const orderOf = (leaf: SealLeaf): string => canonicalJson([subjectOf(leaf).padEnd(80), leaf]);

/** That a leaf is in the seal of an hour. Whoever trusts the root can check it without anything else. */
export const InclusionProof = z.strictObject({
  version: z.literal(1),
  ...{ hour: Hour, previous: hash, root: hash },
  leaf: SealLeaf,
  /** Of the leaf among the entries of the tree, whose first is its head; and how many entries there are. */
  index: z.number().int().positive(),
  size: z.number().int().positive(),
  /** From the leaf, and from the head, upwards to the root. */
  path: z.array(hash),
  headPath: z.array(hash),
});
export type InclusionProof = z.infer<typeof InclusionProof>;

/** The proof of a leaf of a seal. */
export function proofOf(seal: Seal, leaf: SealLeaf): InclusionProof {
  const entries = entriesOf(seal);
  const index = seal.leaves.indexOf(leaf) + 1;
  if (index === 0) throw new Error('the leaf is not in this seal');
  const { hour, previous, root } = seal;
  const paths = { path: pathOf(index, entries), headPath: pathOf(0, entries) };
  return { version: 1, hour, previous, root, leaf, index, size: entries.length, ...paths };
}
