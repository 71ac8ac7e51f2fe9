import fc from 'fast-check';
import type { Mutation, Stage } from '../sent';
import type { RejectionReason } from '../../../../shared/domain/events/rejection';

const mutate = (
  name: string,
  reason: RejectionReason,
  onText: (text: string) => string,
  { field, stage = 'json', needs = [] }: { field?: string; stage?: Stage; needs?: string[] } = {},
): Mutation => ({
  ...{ name, touches: ['text', ...needs], onText },
  fault: { stage, reason, ...(field !== undefined && { field }) },
});

/** Puts a member before all others. */
const first = (member: string) => (text: string) => `{${member},${text.trim().slice(1)}`;
/** Puts a member behind all others. */
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
  .map(([name, onText]) => mutate(name, 'not-an-object', onText, { stage: 'not-an-object' }));

const otherFormats = fc
  .constantFrom(
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    'id: 1\nsource: urn:a\n',
    'id=1&source=urn%3Aa',
    'id,source\n1,urn:a\n',
    ' \t\r\n',
  )
  .map((body) => mutate(`another format: ${body.slice(0, 9)}`, 'not-json', () => body));

/** What JSON text can have wrong whatever it says. */
export const textFault: fc.Arbitrary<Mutation> = fc.oneof(
  ...[broken, cut, twice, forbidden, half, deep, another, otherFormats],
);
