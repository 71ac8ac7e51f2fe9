import { createHash } from 'node:crypto';

const INSTANCE_ID = /^([0-9a-f]{64})-([1-9]\d{0,8})$/;

const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex');

/**
 * The key of an event everywhere after the intake: hex SHA-256 of its CloudEvents identity, `source` and `id`, written
 * as a JSON array, so that no two pairs share an encoding.
 */
export function eventHash(source: string, id: string): string {
  return sha256(JSON.stringify([source, id]));
}

/** Hex SHA-256 of a message body as received; the only key of an unreadable message. */
export function bodyHash(body: Uint8Array): string {
  return sha256(body);
}

/** Hex SHA-256 of the canonical form of a JSON value: equal values have equal hashes, whatever their layout. */
export function jsonHash(value: unknown): string {
  return sha256(canonicalJson(value));
}

/**
 * A JSON value as text with its members sorted by UTF-16 code unit and no white space, as in RFC 8785. Undefined
 * members are omitted, as JSON.stringify does. Throws TypeError on what JSON cannot express (NaN, functions, bigint).
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    Number.isFinite(value)
  ) {
    return JSON.stringify(value);
  }
  throw new TypeError(`JSON has no ${typeof value} of this kind`);
}

/** The instance id of one attempt at one event. It contains nothing that a sender wrote. */
export function instanceId(hash: string, attempt: number): string {
  return `${hash}-${attempt}`;
}

/** The event hash and attempt of an instance id, or undefined if it has another form. */
export function parseInstanceId(id: string): { eventHash: string; attempt: number } | undefined {
  const [, hash, attempt] = INSTANCE_ID.exec(id) ?? [];
  return hash === undefined ? undefined : { eventHash: hash, attempt: Number(attempt) };
}

/**
 * The justification that identifies a request of this app after an ambiguous answer, and as ours for good. `change`: of a
 * request that changes an assignment, what it changes.
 */
export function justification(
  hash: string,
  attempt: number,
  packageKey: string,
  change?: string,
): string {
  return [`joinery:${hash}:${attempt}:${packageKey}`, ...(change ? [change] : [])].join(':');
}

/** Whether a request with this justification was made by this app. */
export const isOurs = (text: string | undefined): boolean =>
  /^joinery:[0-9a-f]{64}:[1-9]\d*:/.test(text ?? '');

/**
 * A whole number as text that sorts as the number does, for table keys. Throws RangeError on a negative or fractional
 * number and on one with more than `digits` digits, because such a key would sort wrongly.
 */
export function padded(value: number, digits: number): string {
  const text = String(value);
  if (!Number.isSafeInteger(value) || value < 0 || text.length > digits) {
    throw new RangeError(`${text} is not a whole number of at most ${digits} digits`);
  }
  return text.padStart(digits, '0');
}

/**
 * The name-based UUID of a text in a namespace, version 5: the same text has the same id, on every machine and at any time.
 * Source: RFC 9562, 5.5. Node has no function for it; `uuid` on npm would be one more dependency for these lines.
 */
export function uuidV5(namespace: string, name: string): string {
  const prefix = Buffer.from(namespace.replaceAll('-', ''), 'hex');
  const digest = createHash('sha1').update(prefix).update(name, 'utf8').digest().subarray(0, 16);
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  return digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
