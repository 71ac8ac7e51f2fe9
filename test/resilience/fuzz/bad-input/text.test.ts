import { bytesOf } from '../../../support/events';
import { readBody } from '../evaluate';
import {
  answersTo,
  answerTo,
  asId,
  reasons,
  text,
  withAttributes,
  withData,
  withMember,
  withText,
} from './answers';

test('an attribute may hold any text and is stored unchanged', () => {
  const values = [
    ...[
      "O'Neil-Ćirić",
      'X Æ A-12',
      'Nguyễn',
      '李',
      'Null',
      "x' or 1 eq 1",
      '--',
      '%27',
      '=cmd()',
      '+1',
      '@SUM',
    ],
    ...[
      '<script>',
      '{{7*7}}',
      '${x}',
      '%s%n',
      '\r\n\u001b[31m',
      '\u0000',
      '\u2028',
      '👩‍👩‍👧',
      '\u202eabc',
      'e\u0301',
    ],
    ...[
      `a${'\u0301'.repeat(255)}`,
      'İ',
      'ﬁ',
      ' ',
      '',
      'a@b@c',
      'xn--e1awd7f.com',
      '😀'.repeat(256),
    ],
  ];
  for (const value of values) {
    expect(readBody(bytesOf(withAttributes({ a: value })))).toMatchObject({
      event: { data: { attributes: { a: value } } },
    });
  }
});

test('an attribute has at most 256 characters, its name 1 to 64', () => {
  const wrong = [
    { a: 'x'.repeat(257) },
    { a: 'x'.repeat(10_000) },
    { '': 'x' },
    { ['n'.repeat(65)]: 'x' },
  ];
  expect(answersTo(wrong.map(withAttributes))).toEqual(['invalid-attributes data.attributes.*']);
});

test('attributes that do not fit into one table column are rejected', () => {
  const controls = (count: number) =>
    withAttributes(
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`a${at}`, '\u0000'.repeat(256)]),
      ),
    );
  expect(answerTo(controls(32))).toBe('invalid-attributes data.attributes');
  expect(answerTo(controls(20))).toBe('accepted');
});

test('half a surrogate pair is rejected in every text and name', () => {
  const half = '\ud800';
  const bodies = [
    ...asId(`a${half}b`),
    withAttributes({ a: half }),
    withAttributes({ [half]: 'a' }),
    withMember({ x: [half] }),
  ];
  expect(reasons([...bodies, withMember({ datacontenttype: '\udc00\ud83d' })])).toEqual([
    'lone-surrogate',
  ]);
  const escapes = ['\\ud800', '\\uD800', '\\udFFf', '\\uDE00\\uD83D', 'a\\uDBFF'];
  const written = escapes.map((one) => withText(`"x":"${one}"`));
  expect(reasons(written)).toEqual(['lone-surrogate']);
});

test.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])(
  '%s is rejected as a key at any level',
  (key) => {
    const member = `"${key}":{"isAdmin":true}`;
    const bodies = [
      withText(member),
      withText(`"x":{"roles":[1,2,{${member}}]}`),
      text.replace('"data":{', `"data":{${member},`),
    ];
    expect(
      reasons([...bodies, text.replace('"attributes":{', `"attributes":{"${key}":"x",`)]),
    ).toEqual(['forbidden-key']);
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  },
);

test('other names from JavaScript are allowed as keys', () => {
  const names = {
    hasOwnProperty: 'a',
    __defineGetter__: 'b',
    toString: 'c',
    then: 'd',
    toJSON: 'e',
    length: 'f',
  };
  const read = readBody(bytesOf(withAttributes(names)));
  expect(read.kind === 'accepted' && read.event.data).toMatchObject({ attributes: names });
  expect(answerTo(withMember(names))).toBe('accepted');
});

test('names from JavaScript are allowed as values, also in ids', () => {
  for (const value of [
    '__proto__',
    'constructor',
    'null',
    'undefined',
    'NaN',
    'true',
    'CON',
    '.',
    '..',
    '--',
  ]) {
    const read = readBody(
      bytesOf({ ...withData({ workerId: value, attributes: { a: value } }), id: value }),
    );
    expect(read).toMatchObject({
      event: { id: value, data: { workerId: value, attributes: { a: value } } },
    });
  }
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});
