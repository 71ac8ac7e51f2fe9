import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Mutation } from '../sent';

const whole = { touches: ['bytes'] } as const;
const notUtf8 = { stage: 'encoding', reason: 'not-utf8' } as const;

const inserted = (bytes: Uint8Array, at: number, more: readonly number[]): Uint8Array => {
  const place = at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(more), bytes.subarray(place)]);
};

/** Never part of UTF-8, wherever they stand: RFC 3629 section 3. */
const never = [
  [0x80],
  [0xff],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xc3, 0x28],
];

const encoded: Record<string, (text: string) => Uint8Array> = {
  'UTF-16 little endian': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16 with its mark': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'UTF-16 big endian': (text) => Buffer.from(text, 'utf16le').swap16(),
  'UTF-32': (text) => Buffer.from(Uint32Array.from(text, (one) => one.codePointAt(0) ?? 0).buffer),
  gzip: (text) => gzipSync(text),
};

/** What goes wrong with a body before anybody reads it as text. */
export const byteFault: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constant<Mutation>({
    ...whole,
    name: 'no bytes',
    fault: { stage: 'empty', reason: 'empty' },
    onBytes: () => new Uint8Array(),
  }),
  fc.constantFrom(65_537, 65_538, 100_000, 262_144).map((length): Mutation => ({
    ...whole,
    name: `${length} bytes`,
    fault: { stage: 'too-large', reason: 'too-large' },
    onBytes: (bytes) =>
      Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length), ' ')]),
  })),
  fc.constant<Mutation>({
    ...whole,
    name: 'a byte order mark',
    fault: { stage: 'byte-order-mark', reason: 'byte-order-mark' },
    onBytes: (bytes) => inserted(bytes, 0, [0xef, 0xbb, 0xbf]),
  }),
  fc.tuple(fc.nat(), fc.constantFrom(...never, [0])).map(([at, more]): Mutation => ({
    ...whole,
    name: `the bytes ${Buffer.from(more).toString('hex')}`,
    fault: notUtf8,
    onBytes: (bytes) => inserted(bytes, at, more),
  })),
  fc.constantFrom(...Object.entries(encoded)).map(([name, encode]): Mutation => ({
    ...whole,
    name,
    fault: notUtf8,
    onBytes: (bytes) => encode(Buffer.from(bytes).toString()),
  })),
);
