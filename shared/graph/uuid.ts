import { createHash } from 'node:crypto';

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
