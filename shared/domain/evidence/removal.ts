import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../events/keys';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

/**
 * What a person has removed from the audit because its time was over, signed by their key. It is written before anything is
 * removed, and holds no personal data. The records are chained.
 */
export const RemovalRecord = z.strictObject({
  version: z.literal(1),
  /** 1 for the first; also its name. */
  number: z.number().int().positive(),
  /** The hash of the record before; zeros in the first. */
  previous: hash,
  /** The first UTC day that was kept. */
  before: z.iso.date(),
  at: z.iso.datetime(),
  ...{ by: z.string(), reason: z.string() },
  /** The hashes of the events, and of the refused bodies. */
  ...{ events: z.array(hash), bodies: z.array(hash) },
  /** How many rows of each table were there. */
  rows: z.strictObject({ audit: count, auditIndex: count, claims: count }),
  /** Ed25519: the key as SPKI in base64, and its signature over the canonical JSON of all other members. */
  publicKey: z.base64(),
  signature: z.base64(),
});
export type RemovalRecord = z.infer<typeof RemovalRecord>;

/** The hash before the first record. */
export const NO_RECORD = '0'.repeat(64);

const bytesOf = (record: Omit<RemovalRecord, 'signature'>): Buffer =>
  Buffer.from(canonicalJson({ ...record, signature: undefined }));

export const recordHash = (record: RemovalRecord): string =>
  createHash('sha256').update(canonicalJson(record)).digest('hex');

/** Whether a PEM holds a private key that can sign. */
export function isSigningKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

/** Signs with an Ed25519 key as PEM. Throws on any other. */
export function signRemoval(
  content: Omit<RemovalRecord, 'version' | 'publicKey' | 'signature'>,
  privateKey: string,
): RemovalRecord {
  const key = createPrivateKey(privateKey);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const record = { version: 1, ...content, publicKey } as const;
  return { ...record, signature: sign(null, bytesOf(record), key).toString('base64') };
}

/** How people name a key: the first 16 digits of the SHA-256 of its SPKI. */
export const fingerprintOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);

type RemovalProblem = 'signature-wrong' | 'key-unknown' | 'record-missing' | 'record-changed';

/**
 * What is wrong with each record, in their order; undefined where nothing is. `trusted`: the public keys (SPKI, base64) that
 * may have signed; without them, any key may.
 */
export function removalProblems(
  records: readonly RemovalRecord[],
  trusted?: readonly string[],
): (RemovalProblem | undefined)[] {
  return records.map((record, at) => {
    const before = records[at - 1];
    if (!isSigned(record)) return 'signature-wrong';
    if (trusted && !trusted.includes(record.publicKey)) return 'key-unknown';
    if (record.number !== (before?.number ?? 0) + 1) return 'record-missing';
    return record.previous === (before ? recordHash(before) : NO_RECORD)
      ? undefined
      : 'record-changed';
  });
}

function isSigned({ signature, ...content }: RemovalRecord): boolean {
  try {
    const bytes = Buffer.from(content.publicKey, 'base64');
    const key = createPublicKey({ key: bytes, type: 'spki', format: 'der' });
    const isEd25519 = key.asymmetricKeyType === 'ed25519';
    return isEd25519 && verify(null, bytesOf(content), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** The public key of a PEM, as records have it. Throws on what is no Ed25519 key. */
export function publicKeyOf(pem: string): string {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}
