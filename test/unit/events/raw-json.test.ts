import fc from 'fast-check';
import { readJson } from '../../../shared/domain/events/raw-json';

const fault = (text: string, depth = 8): string => {
  const read = readJson(text, depth);
  return read.kind === 'fault' ? `${read.fault.reason} at ${read.fault.path.join('.')}` : 'none';
};
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** JSON text with one character taken out, put in or changed: mostly broken, sometimes not. */
const damaged = fc
  .tuple(
    fc.json(),
    fc.nat(),
    fc.constantFrom(
      '',
      '"',
      '\\',
      '{',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      'u',
      '\u0000',
      '\n',
      '\u00a0',
    ),
    fc.boolean(),
  )
  .map(([text, seed, character, replace]) => {
    const at = seed % (text.length + 1);
    return text.slice(0, at) + character + text.slice(at + (replace ? 1 : 0));
  });

test('what is read is what JSON.parse reads, and the same texts are JSON', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
      const read = readJson(text, 1000);
      if (read.kind === 'value') expect(plain(read.value)).toEqual(plain(JSON.parse(text)));
      else if (read.fault.reason === 'not-json')
        expect(() => plain(JSON.parse(text))).toThrow(SyntaxError);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  '1.',
  '.5',
  '01',
  '+1',
  '0x10',
  '1e',
  'NaN',
  'Infinity',
  'nul',
  '{a:1}',
  "{'a':1}",
  '[1,]',
  '{"a":1,}',
  '{"a"}',
  '"\\x"',
  '"\\u12"',
  '"a\nb"',
  '{} {}',
  '// c\n1',
  ' ',
  '\uFEFF1',
  '\u00a01',
])('%j is not JSON', (text) => {
  expect(fault(text)).toMatch(/^not-json/);
  expect(() => plain(JSON.parse(text))).toThrow(SyntaxError);
});

test('a key twice in one object is found at any level, however it is written', () => {
  expect(fault('{"a":1,"a":1}')).toBe('duplicate-key at a');
  expect(fault('{"a":[{"b":1,"\\u0062":2}]}')).toBe('duplicate-key at a.*.b');
  expect(fault('{"a":{"b":1},"c":{"b":1}}')).toBe('none');
});

test.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__', 'c\\u006fnstructor'])(
  'the key %s is found at any level',
  (key) => {
    expect(fault(`{"${key}":{}}`)).toBe('forbidden-key at ');
    expect(fault(`[{"a":[{"${key}":{}}]}]`)).toBe('forbidden-key at *.a.*');
    expect(fault(`{"a":"${key}"}`)).toBe('none');
  },
);

test('half a surrogate pair is found in keys and values, a whole one is none', () => {
  expect(fault('{"a":"\\ud800"}')).toBe('lone-surrogate at a');
  expect(fault('{"\\udc00":1}')).toBe('lone-surrogate at ');
  expect(fault('"\\ud83d\\ude00"')).toBe('none');
});

test('depth counts objects and arrays, in what nobody keeps too', () => {
  expect(fault('[[[]]]', 3)).toBe('none');
  expect(fault('[[[[]]]]', 3)).toBe('too-deep at *.*.*');
  expect(readJson('{"a":[[[]]]}', 3, {}).kind).toBe('fault');
});

test('what nobody keeps is checked and not built', () => {
  const text = '{"a":{"b":1,"c":[1,{"d":2}]},"e":[{"f":3}],"g":{"h":4,"i":{"j":5},"k":6}}';
  const read = readJson(text, 8, { a: { b: {}, c: {} }, g: 2 });
  expect(read.kind === 'value' && plain(read.value)).toEqual({
    a: { b: 1, c: [] },
    g: { h: 4, i: {} },
  });
  expect(readJson('{"x":{"a":1,"a":2}}', 8, {}).kind).toBe('fault');
});

test('objects have no prototype, so that no key can mean anything', () => {
  const read = readJson('{"toString":1,"a":{}}', 8);
  expect(read.kind === 'value' && Object.getPrototypeOf(read.value)).toBeNull();
});
