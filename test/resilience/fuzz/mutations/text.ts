import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { RejectionReason } from '../../../../shared/domain/events/rejection';
import type { Check, Mutation } from '../mutation';

const mutate = (
  name: string,
  reason: RejectionReason,
  onText: (text: string) => string,
  { field, check = 'json', needs = [] }: { field?: string; check?: Check; needs?: string[] } = {},
): Mutation => ({
  ...{ name, touches: ['text', ...needs], onText },
  fault: { check, reason, ...(field !== undefined && { field }) },
});

/** Puts a member before all others. */
const first = (member: string) => (text: string) => `{${member},${text.trim().slice(1)}`;
/** Puts a member after all others. */
const last = (member: string) => (text: string) => `${text.trim().slice(0, -1)},${member}}`;

const broken = fc.constantFrom(
  ...['{}', ',', 'x', ']', '}', '// c', '\u00a0', '[]', 'null', '"'].map((rest) =>
    mutate(`${JSON.stringify(rest)} behind it`, 'not-json', (text) => text + rest),
  ),
  ...[',', 'x', '/* c */', '\u00a0', '<?xml version="1.0"?>', '}', ")]}'\n"].map((start) =>
    mutate(`${JSON.stringify(start)} before it`, 'not-json', (text) => start + text),
  ),
  ...['01', '+1', '.5', '1.', '0x10', 'NaN', '-Infinity', '1e', '--1', '1_000', '1n'].map(
    (number) => mutate(`the number ${number}`, 'not-json', first(`"x":${number}`)),
  ),
  ...['nul', 'True', 'undefined', "'a'", '"\n"', '"\t"', '"\\x41"', '"\\u12"', '"\\', ''].map(
    (value) => mutate(`the value ${JSON.stringify(value)}`, 'not-json', first(`"x":${value}`)),
  ),
  ...['x:1', "'x':1", '"x"', '"x":1,', '"x":[1,]', '"x":{"a":1,}', '"x":1/**/', '"x" 1'].map(
    (member) => mutate(`the member ${member}`, 'not-json', first(member)),
  ),
);

const cut = fc
  .nat()
  .map((at) =>
    mutate('a cut', 'not-json', (text) => text.slice(0, 1 + (at % (text.trimEnd().length - 1)))),
  );

const twice = fc.constantFrom(
  ...['id', 'source', 'type', 'data', 'time'].map((key) =>
    mutate(`${key} twice`, 'duplicate-key', last(`"${key}":1`), { field: key, needs: [key] }),
  ),
  mutate('id twice, once escaped', 'duplicate-key', last('"\\u0069\\u0064":"a"'), {
    field: 'id',
    needs: ['id'],
  }),
  mutate('an unknown key twice', 'duplicate-key', first('"x":1,"x":1'), { field: '*' }),
  mutate('an empty key twice', 'duplicate-key', first('"":1,"":2'), { field: '*' }),
  mutate('an inner key twice', 'duplicate-key', first('"x":[{"a":{"b":1,"\\u0062":1}}]'), {
    field: '*.*.*.*',
  }),
);

const spelled = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', '\\u005f\\u005fproto__', 'c\\u006Fnstructor'],
);
const around = fc.constantFrom<[string, string, string]>(
  ['{', '}', ''],
  ['[{"a":[{', '}]}]', '*.*.*'],
  ['{"roles":[{', '}]}', '*.*'],
);
const forbidden = fc
  .tuple(spelled, around, fc.boolean())
  .map(([key, [open, close, inner], inside]) => {
    const member = `"${key}":{"isAdmin":true}`;
    if (!inside) return mutate('a forbidden key', 'forbidden-key', first(member));
    const field = inner === '' ? '*' : `*.${inner}`;
    return mutate(
      'an inner forbidden key',
      'forbidden-key',
      first(`"x":${open}${member}${close}`),
      {
        field,
      },
    );
  });

const halves = fc.constantFrom(
  '\\ud800',
  '\\uDFFF',
  '\\ude00\\ud83d',
  'a\\ud800b',
  '\\ud83d\\u0041',
);
const half = fc
  .tuple(halves, fc.boolean())
  .map(([text, isKey]) =>
    isKey
      ? mutate('half a pair in a key', 'lone-surrogate', first(`"${text}":1`))
      : mutate('half a pair', 'lone-surrogate', first(`"x":["${text}"]`), { field: '*.*' }),
  );

const deep = fc.tuple(fc.integer({ min: 8, max: 3000 }), fc.boolean()).map(([levels, isList]) => {
  const [open, close] = isList ? ['[', ']'] : ['{"a":', '}'];
  const nested = `${open.repeat(levels)}1${close.repeat(levels)}`;
  return mutate(`${levels} levels inside`, 'too-deep', first(`"x":${nested}`));
});

const another = fc
  .constantFrom<[string, (text: string) => string]>(
    ['a batch', (text) => `[${text},${text}]`],
    ['a batch of one', (text) => `[${text}]`],
    ['text that is JSON', (text) => JSON.stringify(text)],
    ...['null', 'true', '0', '[]', '""', '-1e999', ' [ ] '].map((value): [string, () => string] => [
      value,
      () => value,
    ]),
  )
  .map(([name, onText]) => mutate(name, 'not-an-object', onText, { check: 'not-an-object' }));

const otherFormats = fc
  .constantFrom(
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    'id: 1\nsource: urn:a\n',
    'id=1&source=urn%3Aa',
    'id,source\n1,urn:a\n',
    ' \t\r\n',
  )
  .map((body) => mutate(`another format: ${body.slice(0, 9)}`, 'not-json', () => body));

/** Faults of JSON text, whatever its content. */
export const textFault: fc.Arbitrary<Mutation> = fc.oneof(
  ...[broken, cut, twice, forbidden, half, deep, another, otherFormats],
);

const allBytes = { touches: ['bytes'] } as const;
const notUtf8 = { check: 'encoding', reason: 'not-utf8' } as const;

const inserted = (bytes: Uint8Array, at: number, more: readonly number[]): Uint8Array => {
  const place = at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(more), bytes.subarray(place)]);
};

/** Bytes that are never part of UTF-8: RFC 3629 section 3. */
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

/** Faults of a body that is not text in UTF-8. */
export const byteFault: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constant<Mutation>({
    ...allBytes,
    name: 'no bytes',
    fault: { check: 'empty', reason: 'empty' },
    onBytes: () => new Uint8Array(),
  }),
  fc.constantFrom(65_537, 65_538, 100_000, 262_144).map((length): Mutation => ({
    ...allBytes,
    name: `${length} bytes`,
    fault: { check: 'too-large', reason: 'too-large' },
    onBytes: (bytes) =>
      Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length), ' ')]),
  })),
  fc.constant<Mutation>({
    ...allBytes,
    name: 'a byte order mark',
    fault: { check: 'byte-order-mark', reason: 'byte-order-mark' },
    onBytes: (bytes) => inserted(bytes, 0, [0xef, 0xbb, 0xbf]),
  }),
  fc.tuple(fc.nat(), fc.constantFrom(...never, [0])).map(([at, more]): Mutation => ({
    ...allBytes,
    name: `the bytes ${Buffer.from(more).toString('hex')}`,
    fault: notUtf8,
    onBytes: (bytes) => inserted(bytes, at, more),
  })),
  fc.constantFrom(...Object.entries(encoded)).map(([name, encode]): Mutation => ({
    ...allBytes,
    name,
    fault: notUtf8,
    onBytes: (bytes) => encode(Buffer.from(bytes).toString()),
  })),
);
