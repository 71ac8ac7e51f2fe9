import { bytes } from '../../../unit/domain/sample';
import { asId, reasons, verdict, verdicts, withAttributes, withMember, withText } from './bodies';
import { readIt } from '../judge';

test('an attribute may say anything and is kept as it is', () => {
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
    expect(readIt(bytes(withAttributes({ a: value })))).toMatchObject({
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
  expect(verdicts(wrong.map(withAttributes))).toEqual(['invalid-attributes data.attributes.*']);
});

test('attributes are refused that would not fit into one column of a table', () => {
  const controls = (count: number) =>
    withAttributes(
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`a${at}`, '\u0000'.repeat(256)]),
      ),
    );
  expect(verdict(controls(32))).toBe('invalid-attributes data.attributes');
  expect(verdict(controls(20))).toBe('accepted');
});

test('half a surrogate pair is refused in every text and name', () => {
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
